// What the page can do with scripts. Without them, everything is there all the same.
const rows = [...document.querySelectorAll("nav tbody tr")];
const cards = new Map([...document.querySelectorAll("main > section.session")].map((card) => [card.dataset.name, card]));
const controls = document.getElementById("controls");

function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  const details = target && target.closest("details");
  if (details) {
    details.open = true;
    target.scrollIntoView();
  }
}

function filter() {
  const words = controls.querySelector("input").value.trim().toLowerCase();
  const outcome = controls.querySelector("select").value;
  let shown = 0;
  for (const row of rows) {
    const card = cards.get(row.dataset.name);
    const text = (row.textContent + card.textContent).toLowerCase();
    const fits = text.includes(words) && (!outcome || row.dataset.outcome === outcome);
    row.hidden = card.hidden = !fits;
    shown += fits;
  }
  controls.querySelector("output").value = `${shown} of ${rows.length} shown`;
}

function sortBy(heading, column) {
  const isDescending = heading.ariaSort === "ascending";
  for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
  heading.ariaSort = isDescending ? "descending" : "ascending";
  const key = (row) => row.children[column].dataset.sort ?? row.children[column].textContent.trim();
  const compare = (one, other) => key(one).localeCompare(key(other), "en", { numeric: true });
  rows.sort((one, other) => (isDescending ? compare(other, one) : compare(one, other)));
  rows[0].parentElement.append(...rows);
}

function copy(button, text) {
  const done = () => { button.textContent = "copied"; button.ariaLabel = button.ariaLabel.replace("copy", "copied"); };
  const select = () => getSelection().selectAllChildren(button.previousElementSibling);
  // Without a secure connection there is no clipboard.
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, select);
  else select();
}

function addButton(parent, label, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", () => action(button));
  parent.append(button);
  return button;
}

if (controls) {
  controls.hidden = false;
  controls.addEventListener("input", filter);
  controls.addEventListener("submit", (event) => event.preventDefault());
  const setAll = (isOpen) => { for (const card of cards.values()) card.firstElementChild.open = isOpen; };
  addButton(controls, "Expand all", () => setAll(true));
  addButton(controls, "Collapse all", () => setAll(false));
  document.querySelectorAll("nav thead th").forEach((heading, column) => {
    const label = heading.textContent;
    heading.textContent = "";
    addButton(heading, label, () => sortBy(heading, column));
  });
}
for (const code of document.querySelectorAll("dd > code")) {
  if (code.textContent === "unknown") continue;
  const what = code.parentElement.previousElementSibling.textContent.toLowerCase();
  addButton(code.parentElement, "copy", (button) => copy(button, code.textContent)).ariaLabel = `copy the ${what}`;
}
addEventListener("hashchange", reveal);
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...cards.values()].map((card) => card.firstElementChild).filter((details) => !details.open);
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => { for (const details of folded) details.open = false; });
reveal();
