/* The viewer's short cuts, beside those of queue.js (they use other letters); they keep still while one types, and where the desk's are off. */
(function () {
  "use strict";

  var ACTS = {
    "[": "file-before", "]": "file-after", ",": "page-before", ".": "page-after", "-": "smaller", "+": "larger", "=": "larger", "0": "fit",
    t: "turn", p: "thumbs", e: "text", f: "search", m: "mark"
  };
  function off() { try { return localStorage.getItem("review-desk-shortcuts-off"); } catch (denied) { return null; } }
  function pane() {
    var at = document.activeElement && document.activeElement.closest("[data-viewer]");
    return (at || document.querySelector("#viewer-main") || {}).pane;
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || off()) return;
    if (event.target.closest("textarea, select, [contenteditable], dialog[open], input:not([type=checkbox]):not([type=radio])")) return;
    var shown = pane(), act = Object.prototype.hasOwnProperty.call(ACTS, event.key) && ACTS[event.key];
    if (!shown || !shown.started) return;
    if (act) { event.preventDefault(); shown.act(act); }
    if (event.key === "v") { event.preventDefault(); shown.part.stage.focus(); shown.root.scrollIntoView({ block: "nearest" }); }
    if (event.key === "g") { event.preventDefault(); shown.part.number.focus(); shown.part.number.select(); }
  });
})();
