// Inflates what the page carries, draws each figure when it is scrolled to or printed, and
// hands out downloads. What a figure shows is decided where it was made, not here.
"use strict";
const PRINTED = 670; // pixels of a figure on paper
const words = JSON.parse(document.getElementById("words").textContent);
const themes = JSON.parse(document.getElementById("themes").textContent);
const holders = [...document.querySelectorAll("figure[data-figure]")];
let figures = null;

function decoded(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
async function inflate(id) {
  const text = document.getElementById(id).textContent.trim();
  return new Response(new Blob([decoded(text)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
const theme = () => document.documentElement.dataset.theme;
function draw(holder, look = theme(), width = undefined) {
  const plot = holder.querySelector(".plot");
  const { data, layout } = structuredClone(figures[holder.dataset.figure]);
  const kept = holder.dataset.relayout ? JSON.parse(holder.dataset.relayout) : {};
  const full = { ...layout, template: themes[look], autosize: !width, dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom" };
  if (width) Object.assign(full, { width, height: plot.clientHeight });
  Plotly.react(plot, data, full, { displayModeBar: false, responsive: !width });
  if (Object.keys(kept).length) Plotly.relayout(plot, kept);
  plot.classList.remove("waiting");
  holder.dataset.drawn = look;
}
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    watcher.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "300px" });

async function start() {
  const [library, drawn] = await Promise.all([inflate("library"), inflate("figures")]);
  const script = document.createElement("script");
  script.textContent = library;
  document.head.append(script);
  figures = JSON.parse(drawn);
  if (holders.length) draw(holders[0]);
  for (const holder of holders.slice(1)) watcher.observe(holder);
  document.documentElement.dataset.ready = "yes";
}
start().catch((cause) => { console.error(cause); document.getElementById("no-charts").hidden = false; });

function save(name, url) {
  const link = document.createElement("a");
  link.download = name;
  link.href = url;
  link.click();
}
async function saveFiles(names) {
  const files = JSON.parse(await inflate("files"));
  for (const name of names) {
    const url = URL.createObjectURL(new Blob([files[name]], { type: "text/csv" }));
    save(name.replaceAll("/", "-"), url);
    URL.revokeObjectURL(url);
  }
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const holder = button.closest("[data-files]");
  if (button.id === "theme") {
    document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", theme()); } catch { /* a file page may have no storage */ }
    for (const drawn of holders) if (drawn.dataset.drawn) draw(drawn);
  } else if (button.dataset.relayout && figures) {
    holder.dataset.relayout = button.dataset.relayout;
    draw(holder);
  } else if (button.dataset.image && figures) {
    draw(holder, "light");
    const plot = holder.querySelector(".plot");
    Plotly.downloadImage(plot, { format: button.dataset.image, filename: holder.dataset.figure, width: 1000, height: plot.clientHeight, scale: 2 }).then(() => draw(holder));
  } else if ("csv" in button.dataset) {
    saveFiles(holder.dataset.files.split(" "));
  }
});
// Where a number came from, said when it is pointed at.
document.addEventListener("mouseover", (event) => {
  const cell = event.target.closest("[data-column]");
  if (!cell || cell.title) return;
  const file = cell.closest("[data-file]").dataset.file;
  const row = cell.closest("[data-row]")?.dataset.row;
  cell.title = (row ? words.from : words.whole).replace("{file}", file).replace("{row}", row).replace("{column}", cell.dataset.column);
});
// Paper: every fold open but those of long tables, every figure drawn, in light; then as it was.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open], [data-long])")];
  for (const fold of folded) fold.open = true;
  if (figures) for (const holder of holders) { watcher.unobserve(holder); draw(holder, "light", PRINTED); }
  document.documentElement.dataset.printing = theme();
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = document.documentElement.dataset.printing;
  for (const fold of folded) fold.open = false;
  if (figures) for (const holder of holders) if (holder.offsetParent) draw(holder); else { delete holder.dataset.drawn; watcher.observe(holder); }
});
