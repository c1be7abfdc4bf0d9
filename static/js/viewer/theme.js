/* The viewer's own page is as dark or light as the desk's frame (unfold) was chosen to be. */
(function () {
  "use strict";
  var chosen = "auto";
  try { chosen = JSON.parse(localStorage.getItem("adminTheme")) || "auto"; } catch (denied) { /* a private window */ }
  var dark = chosen === "dark" || (chosen === "auto" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
