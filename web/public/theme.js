// Runs before the first paint, as a file of its own because the page allows no inline script.
(function () {
  var setting = "system";
  try {
    setting = localStorage.getItem("muster.theme") || "system";
  } catch {
    // Storage can be switched off; the system's theme is then the right one.
  }
  var dark =
    setting === "dark" ||
    (setting === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
