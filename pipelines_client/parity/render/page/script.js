// Tables sort by their heads and filter by a word. Without this script they are plain tables in the order of the report.
"use strict";

const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
const FEWEST_ROWS_TO_FILTER = 10;

function rowsOf(table) {
  return [...table.tBodies].flatMap((body) => [...body.rows]);
}

function valueOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.v ?? cell.textContent.trim();
  const number = Number(text.replaceAll(",", ""));
  return text !== "" && Number.isFinite(number) ? number : text;
}

function compare(left, right) {
  if (typeof left === typeof right) {
    return typeof left === "number" ? left - right : left.localeCompare(right);
  }
  return typeof left === "number" ? -1 : 1;
}

function makeSortable(table) {
  const [body] = table.tBodies;
  const original = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const order = NEXT[head.getAttribute("aria-sort")];
      heads.forEach((other) => other.setAttribute("aria-sort", other === head ? order : "none"));
      const sign = order === "descending" ? -1 : 1;
      const sorted = (left, right) => sign * compare(valueOf(left, column), valueOf(right, column));
      body.append(...(order === "none" ? original : [...original].sort(sorted)));
    });
  });
}

function makeFilterable(table) {
  const rows = rowsOf(table);
  const bar = document.createElement("div");
  bar.className = "filter";
  const label = document.createElement("label");
  label.textContent = "Filter ";
  const input = document.createElement("input");
  input.type = "search";
  input.setAttribute("aria-label", `Filter ${table.caption.textContent}`);
  const count = document.createElement("output");
  count.setAttribute("aria-live", "polite");
  label.append(input);
  bar.append(label, count);
  table.parentElement.before(bar);
  input.addEventListener("input", () => {
    const word = input.value.trim().toLowerCase();
    rows.forEach((row) => {
      row.hidden = word !== "" && !row.textContent.toLowerCase().includes(word);
    });
    count.textContent = word === "" ? "" : `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  });
}

document.querySelectorAll("table[data-sort]").forEach(makeSortable);
document.querySelectorAll("table[data-filter]").forEach((table) => {
  if (rowsOf(table).length >= FEWEST_ROWS_TO_FILTER) {
    makeFilterable(table);
  }
});
