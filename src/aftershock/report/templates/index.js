// Filters of the list of runs.
"use strict";
const fields = Object.fromEntries([...document.querySelectorAll("[data-filter]")].map((field) => [field.dataset.filter, field]));
function wanted(row) {
  const { text, source, part, since, until } = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
  return row.textContent.toLowerCase().includes(text.toLowerCase())
    && (!source || row.dataset.source === source)
    && (!part || row.dataset.parts.split(" ").includes(part))
    && (!since || row.dataset.day >= since) && (!until || row.dataset.day <= until);
}
document.addEventListener("input", (event) => {
  if (!event.target.dataset.filter) return;
  const table = document.getElementById("runs");
  filterRows(table, wanted);
  document.getElementById("shown").textContent = [...table.tBodies[0].rows].filter((row) => !row.hidden).length;
});
