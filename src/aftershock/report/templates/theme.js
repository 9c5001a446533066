// Before anything is drawn: the theme chosen last, or the system's.
document.documentElement.dataset.theme = (() => {
  try { const kept = localStorage.getItem("theme"); if (kept) return kept; } catch { /* a file page may have no storage */ }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})();
