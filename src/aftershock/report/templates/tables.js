// Sorting and filtering of tables.
"use strict";
function sortKey(cell) {
  const time = cell.querySelector("time");
  if (time) return time.dateTime;
  const text = cell.textContent.trim();
  if (/^[–-]?$/.test(text)) return null;
  const number = Number(text.replace(/[,%×<\s]/g, ""));
  return Number.isNaN(number) ? text.toLowerCase() : number;
}
function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
function sortBy(head) {
  const table = head.closest("table"), body = table.tBodies[0], at = head.cellIndex;
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const keyed = [...body.rows].map((row) => [sortKey(row.cells[at]), row]);
  const last = (key) => key[0] === null;
  keyed.sort((a, b) => (last(a) || last(b) ? last(a) - last(b) : (down ? -1 : 1) * compare(a[0], b[0])));
  body.append(...keyed.map(([, row]) => row));
}
function filterRows(table, wanted) {
  for (const row of table.tBodies[0].rows) row.hidden = !wanted(row);
}
document.addEventListener("click", (event) => {
  const head = event.target.closest("th");
  if (head && event.target.closest("button")) sortBy(head);
});
document.addEventListener("input", (event) => {
  const box = event.target.closest(".tablebox");
  if (!box || event.target.type !== "search") return;
  const text = event.target.value.toLowerCase();
  filterRows(box.querySelector("table"), (row) => row.textContent.toLowerCase().includes(text));
});
// A table that goes on to the right or below says so, for as long as it does.
function hint(scroll) {
  const right = scroll.scrollWidth - scroll.clientWidth, below = scroll.scrollHeight - scroll.clientHeight;
  scroll.closest(".tablebox")?.classList.toggle("wide", right > 1);
  scroll.parentElement.classList.toggle("right", right - scroll.scrollLeft > 1);
  scroll.parentElement.classList.toggle("below", below - scroll.scrollTop > 1);
}
const sizes = new ResizeObserver((entries) => { for (const entry of entries) hint(entry.target); });
for (const scroll of document.querySelectorAll(".scroll")) {
  sizes.observe(scroll);
  scroll.addEventListener("scroll", () => hint(scroll), { passive: true });
}
