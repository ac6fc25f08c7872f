// Before anything is painted: the appearance that was chosen in Settings, so that the page does not flash.
(function () {
  try {
    var theme = localStorage.getItem("offx.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    var density = localStorage.getItem("offx.density");
    if (density === "compact") document.documentElement.dataset.density = density;
  } catch {
    // Without storage the system's choice holds.
  }
})();
