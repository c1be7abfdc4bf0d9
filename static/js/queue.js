/* Short cuts of the review desk. Everything they do can be done without them; they keep still while one types, and can be
   switched off (WCAG 2.1.4). In the queue they act on the row that has the focus; on a review page, on its task. */
(function () {
  "use strict";

  var OFF = "review-desk-shortcuts-off";
  var FOR = ["approve", "agree", "accept", "acknowledge", "confirm"], AGAINST = ["reject", "disagree", "decline"];
  var queue = document.querySelector("[data-queue]");
  var list = document.getElementById("shortcuts");
  var many = document.getElementById("many");

  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function stored() { try { return localStorage.getItem(OFF); } catch (error) { return null; } }
  function store(off) { try { off ? localStorage.setItem(OFF, "1") : localStorage.removeItem(OFF); } catch (error) { /* private window */ } }

  // --- rows
  function rows() { return queue ? all("[data-row]", queue) : []; }
  function current() { var at = document.activeElement; return at ? at.closest("[data-row]") : null; }
  function go(by) {
    var found = rows(), at = found.indexOf(current());
    var row = found[at < 0 ? (by > 0 ? 0 : found.length - 1) : Math.min(found.length - 1, Math.max(0, at + by))];
    if (!row) return;
    row.querySelector("[data-open]").focus();
    row.scrollIntoView({ block: "nearest" });
  }
  function boxes() { return many ? all("input[name=task]", many) : []; }
  function told() {
    var words = many && many.querySelector("[data-selected]"), every = many && many.querySelector("[data-all]");
    if (!words) return;
    var n = boxes().filter(function (box) { return box.checked; }).length;
    words.textContent = n ? words.dataset.words.replace("{n}", n) : "";
    every.checked = n > 0 && n === boxes().length;
    every.indeterminate = n > 0 && n < boxes().length;
  }
  if (many) {
    many.addEventListener("change", function (event) {
      if (event.target.matches("[data-all]")) boxes().forEach(function (box) { box.checked = event.target.checked; });
      told();
    });
    window.addEventListener("pageshow", told);
  }

  // --- a review page
  function choose(outcomes, then) {
    var found = all("input[name=outcome]").filter(function (each) { return outcomes.indexOf(each.value) >= 0; })[0];
    if (!found) return;
    found.checked = true;
    found.dispatchEvent(new Event("change", { bubbles: true }));
    var target = then && document.getElementById(then);
    (target || found).focus();
    (target || found).scrollIntoView({ block: "nearest" });
  }
  function click(selector, within) { var found = (within || document).querySelector(selector); if (found) found.click(); }
  function show() { if (list && !list.open) list.showModal(); }

  var keys = {
    "?": show,
    n: function () { click("[data-next] button"); },
    j: function () { go(1); },
    k: function () { go(-1); },
    "/": function () { var q = document.getElementById("q"); if (q) q.focus(); },
    u: function () { if (!queue) click(".rv-back a"); },
    x: function () { var row = current(), box = row && row.querySelector("input[name=task]"); if (box) box.click(); },
    c: function () { queue ? current() && click("[data-claim]", current()) : click("form[action$='/claim/'] button"); },
    a: function () {
      if (!queue) return choose(FOR);
      var row = current(), chosen = boxes().some(function (box) { return box.checked; });
      if (!chosen && row && row.querySelector("input[name=task]")) row.querySelector("input[name=task]").checked = true;
      else if (!chosen) return;
      click("button[value=approve]", many);
    },
    r: function () {
      if (!queue) return choose(AGAINST, "reason");
      if (current()) location.href = current().querySelector("[data-open]").href + "#reject";
    }
  };

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key !== "j" && event.key !== "k") return;
    if (event.target.closest("textarea, select, [contenteditable], dialog[open], input:not([type=checkbox]):not([type=radio])")) return;
    var act = Object.prototype.hasOwnProperty.call(keys, event.key) && keys[event.key];
    if (!act || (stored() && event.key !== "?")) return;
    event.preventDefault();
    act();
  });

  all("[data-shortcuts]").forEach(function (button) { button.addEventListener("click", show); });
  all("[data-shortcuts-off]").forEach(function (box) {
    box.checked = Boolean(stored());
    box.addEventListener("change", function () { store(box.checked); });
  });
  if (!queue && location.hash === "#reject") choose(AGAINST, "reason");
})();
