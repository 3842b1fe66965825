// Opens a page in Firefox at each width and in each colour scheme, uses it, and prints what it saw:
// node firefox.js FIREFOX FILE [SESSION]; NODE_PATH names the folder of the packages.
"use strict";
const { launch } = require("puppeteer-core");

const [executablePath, file, session] = process.argv.slice(2);
const LOOKS = [
  { width: 390, isDark: true },
  { width: 1280, isDark: false },
];

async function look({ width, isDark }) {
  const browser = await launch({
    browser: "firefox",
    executablePath,
    extraPrefsFirefox: { "ui.systemUsesDarkTheme": Number(isDark) },
  });
  try {
    const page = await browser.newPage();
    const troubles = listen(page);
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
    const isOpen = session === undefined ? null : await follow(page);
    return { width, ...opened, failed, searched, isOpen, troubles };
  } finally {
    await browser.close();
  }
}

// Whether a link to the session opens its card.
async function follow(page) {
  await page.goto(`file://${file}#${session}`);
  await page.reload();
  return page.$eval(`section[data-name="${session}"] > details`, (card) => card.open);
}

// What the page complains of, and every request but for itself and for what it contains.
function listen(page) {
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
    seen.push(await look(each));
  }
  console.log(JSON.stringify(seen));
})();
