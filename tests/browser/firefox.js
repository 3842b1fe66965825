// Opens pages in Firefox at each width and in each colour scheme, uses them, and prints what it saw:
// node firefox.js FIREFOX FILE[#SESSION]...; NODE_PATH names the folder of the packages.
"use strict";
const { launch } = require("puppeteer-core");

const [executablePath, ...pages] = process.argv.slice(2);
const LOOKS = [
  { width: 390, isDark: true },
  { width: 1280, isDark: false },
];

// A Firefox for each look: to start one takes seconds.
async function look({ width, isDark }) {
  const browser = await launch({
    browser: "firefox",
    executablePath,
    extraPrefsFirefox: { "ui.systemUsesDarkTheme": Number(isDark) },
  });
  try {
    const seen = [];
    for (const each of pages) {
      seen.push({ width, ...(await use(await browser.newPage(), width, ...each.split("#"))) });
    }
    return seen;
  } finally {
    await browser.close();
  }
}

async function use(page, width, file, session) {
  const troubles = listen(page, file);
  await page.setViewport({ width, height: 900 });
  await page.goto(`file://${file}`);
  const opened = {
    isDark: await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches),
    overflows: await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth),
    all: await names(page),
  };
  await page.select("select", "failed");
  const failed = await names(page);
  await page.type("input", failed.at(-1));
  const searched = await names(page);
  const isOpen = session === undefined ? null : await follow(page, file, session);
  return { ...opened, failed, searched, isOpen, troubles };
}

// Whether a link to the session opens its card.
async function follow(page, file, session) {
  await page.goto(`file://${file}#${session}`);
  await page.reload();
  return page.$eval(`section[data-name="${session}"] > details`, (card) => card.open);
}

// What the page complains of, and every request but for itself and for what it contains.
function listen(page, file) {
  const troubles = [];
  page.on("console", (message) => troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:") && request.url().split("#")[0] !== `file://${file}`) {
      troubles.push(request.url());
    }
  });
  return troubles;
}

function names(page) {
  return page.$$eval("nav tbody tr", (rows) =>
    rows.filter((row) => row.checkVisibility()).map((row) => row.querySelector("th").innerText),
  );
}

(async () => {
  const seen = [];
  for (const each of LOOKS) {
    seen.push(...(await look(each)));
  }
  console.log(JSON.stringify(seen));
})();
