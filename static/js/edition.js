/* The editor of draft editions: the preview follows what was saved, a type changes the form, a fault's line is shown. */
(function () {
  "use strict";

  function start() {
    var form = document.getElementById("part");
    var preview = document.getElementById("preview");
    if (!form || !preview) return;

    var here = document.querySelector(".ed-here");
    if (here) {
      var outline = here.closest(".ed-outline");
      outline.scrollTop += here.getBoundingClientRect().top - outline.getBoundingClientRect().top - outline.clientHeight / 3;
    }

    document.addEventListener("htmx:after:request", function (event) {
      var ctx = event.detail && event.detail.ctx;
      if (!ctx || !ctx.response || ctx.response.status !== 200) return;
      // Reload, and not a new address: the place that was scrolled to stays.
      try { preview.contentWindow.location.reload(); } catch (gone) { preview.src = preview.getAttribute("src"); }
    });

    // Another type asks for other things: save, and show the form that belongs to it.
    var type = form.elements.namedItem("type");
    if (type) type.addEventListener("change", function () { form.requestSubmit(); });

    var source = document.getElementById("source");
    document.addEventListener("click", function (event) {
      var button = event.target.closest && event.target.closest("[data-line]");
      if (!button || !source) return;
      event.preventDefault();
      var lines = source.value.split("\n");
      var line = Math.min(Number(button.dataset.line), lines.length) - 1;
      var begin = lines.slice(0, line).join("\n").length + (line ? 1 : 0);
      source.focus();
      source.setSelectionRange(begin, begin + lines[line].length);
      source.scrollTop = Math.max(0, (line - 5) * (source.scrollHeight / lines.length));
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());
