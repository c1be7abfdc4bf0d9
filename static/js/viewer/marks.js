/*
 * Marks: a rectangle drawn on a page of a file, with the words of what is to be corrected there. By pointer, finger or arrow keys.
 *
 * Beside the form a mark becomes a line of it ([data-marks], made from its <template>); the viewer on a page of its own tells the
 * review page in another tab, or leaves the mark in this tab's storage, where the review page finds it.
 *
 *   <input type="hidden" name="mark-1" value="file,page,left,top,width,height">   fractions of the page as it lies unturned
 */
(function () {
  "use strict";

  var MOST = 30, STEP = 0.01, LEAST = 0.01;
  var root = document.getElementById("viewer-main"), pane = root && root.pane;
  if (!pane) return;
  var WORDS = JSON.parse(document.getElementById("viewer-words").textContent);
  var part = pane.part, over = part.over;
  var lines = document.querySelector("[data-marks]"), form = lines && lines.closest("form");
  var KEY = "desk:" + root.dataset.store + ":marks";
  var channel = "BroadcastChannel" in window ? new BroadcastChannel(KEY) : null;
  var draft = null;  // the rectangle being drawn, in fractions of the page as it is turned now

  function say(word, gaps) { return pane.words(word, gaps || {}); }
  function each(list, fn) { Array.prototype.forEach.call(list, fn); }

  /* -- places ---------------------------------------------------------------------------------------------------------- */

  function written(place) {
    return [place.file, place.page].concat(place.at.map(function (side) { return side.toFixed(4); })).join(",");
  }
  function readPlace(text) {
    var parts = text.split(",");
    return parts.length === 6 ? { file: parts[0], page: Number(parts[1]), at: parts.slice(2).map(Number) } : null;
  }
  function third(at) { return Math.min(2, Math.floor(at * 3)); }
  function where(place) {
    return say("at_" + third(place.at[1] + place.at[3] / 2) + third(place.at[0] + place.at[2] / 2), { page: place.page });
  }
  function titleOf(file) {
    var option = Array.prototype.filter.call(part.file.options, function (one) { return one.value === file; })[0];
    return option ? option.textContent.trim() : file;
  }

  /* -- lines of the form ----------------------------------------------------------------------------------------------- */

  function marked() {
    if (!lines) return stored().map(function (one) { return { place: readPlace(one.place), words: one.words }; });
    return Array.prototype.map.call(lines.querySelectorAll("[data-mark-line]"), function (line) {
      return { place: readPlace(line.querySelector("[type=hidden]").value), words: line.querySelector("[type=text]").value, line: line };
    }).filter(function (one) { return one.place; });
  }
  function entitle(line) {
    var place = readPlace(line.querySelector("[type=hidden]").value);
    if (!place) return;
    var title = titleOf(place.file) + " · " + where(place);
    line.querySelector("[data-mark-title]").textContent = title;
    line.querySelector("[type=text]").setAttribute("aria-label", line.dataset.label + " " + title);
  }
  /** A new line with this number; null when there are as many as a notice takes. */
  function room(number) {
    if (number > MOST) return null;
    var line = lines.querySelector("template").content.firstElementChild.cloneNode(true);
    line.querySelector("[type=hidden]").name = "mark-" + number;
    line.querySelector("[type=text]").name = "text-mark-" + number;
    line.dataset.added = "1";
    lines.appendChild(line);
    lines.hidden = false;
    return line;
  }
  function next() {
    return 1 + Math.max.apply(null, [0].concat(Array.prototype.map.call(lines.querySelectorAll("[data-mark-line] [type=hidden]"), function (input) {
      return Number(input.name.slice(5)) || 0;
    })));
  }
  function add(place, words) {
    var line = room(next());
    if (!line) return false;
    line.querySelector("[type=hidden]").value = place;
    line.querySelector("[type=text]").value = words;
    entitle(line);
    var correct = form.querySelector("[name=outcome][value=correct]");
    correct.checked = true;
    correct.dispatchEvent(new Event("change", { bubbles: true }));
    line.querySelector("[type=text]").dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }
  if (lines) {
    each(lines.querySelectorAll("[data-mark-line]"), entitle);
    lines.addEventListener("click", function (event) {
      var line = event.target.closest("[data-mark-line]"), place = line && readPlace(line.querySelector("[type=hidden]").value);
      if (!line) return;
      if (event.target.closest("[data-mark-show]") && place) pane.find(place.file, place.page).then(paint);
      if (event.target.closest("[data-mark-remove]")) {
        line.remove();
        lines.hidden = !lines.querySelector("[data-mark-line]");
        form.dispatchEvent(new Event("input", { bubbles: true }));
        paint();
        lines.closest("details").querySelector("summary").focus();
      }
    });
    form.addEventListener("desk:room", function (event) {
      var number = /^text-mark-(\d+)$/.exec(event.detail);
      if (number) room(Number(number[1]));
    });
    form.addEventListener("desk:put-back", function () { each(lines.querySelectorAll("[data-mark-line]"), entitle); paint(); });
    form.addEventListener("reset", function () {
      each(lines.querySelectorAll("[data-added]"), function (line) { line.remove(); });
      lines.hidden = !lines.querySelector("[data-mark-line]");
      setTimeout(paint);
    });
  }

  /* -- from the viewer's own page to the form -------------------------------------------------------------------------- */

  function stored() {
    try { return (JSON.parse(sessionStorage.getItem(KEY)) || {}).marks || []; } catch (denied) { return []; }
  }
  function store(marks) {
    try {
      if (marks.length) sessionStorage.setItem(KEY, JSON.stringify({ at: Date.now(), marks: marks }));
      else sessionStorage.removeItem(KEY);
    } catch (denied) { /* a private window: what is on this page is all there is */ }
  }
  function takeIn() {
    var found = stored();
    if (!lines || !found.length) return;
    found.forEach(function (one) { add(one.place, one.words); });
    store([]);
    paint();
  }
  function pass(place, words) {
    var timer = setTimeout(function () { store(stored().concat({ place: place, words: words })); pane.say("marked_away"); paint(); }, channel ? 400 : 0);
    if (!channel) return;
    var id = String(Math.random());
    channel.addEventListener("message", function answer(event) {
      if (event.data.taken !== id) return;
      channel.removeEventListener("message", answer);
      clearTimeout(timer);
      pane.say("marked");
    });
    channel.postMessage({ id: id, place: place, words: words });
  }
  if (lines) {
    document.addEventListener("DOMContentLoaded", takeIn);
    window.addEventListener("pageshow", function (event) { if (event.persisted) takeIn(); });
    if (channel) {
      channel.addEventListener("message", function (event) {
        if (event.data.place && add(event.data.place, event.data.words)) { channel.postMessage({ taken: event.data.id }); paint(); }
      });
    }
  }

  /* -- on the page ----------------------------------------------------------------------------------------------------- */

  var panes = Array.prototype.map.call(document.querySelectorAll("[data-viewer]"), function (section) { return section.pane; });

  function paint() { panes.forEach(paintOn); }
  function paintOn(shown) {
    each(shown.part.over.querySelectorAll(".vw-mark:not(.vw-mark-new)"), function (old) { old.remove(); });
    if (!shown.sheet || shown.part.page.hidden) return;
    var here = shown.sheet.marks.map(function (one) {
      return { place: { file: shown.sheet.file, page: one.page, at: one.at.map(function (side) { return side / 10000; }) }, words: one.words };
    }).concat(marked());
    here.forEach(function (one, n) {
      if (one.place.file !== shown.sheet.file || one.place.page !== shown.page) return;
      var button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", say("mark", { number: n + 1, words: one.words }));
      button.title = one.words;
      button.appendChild(document.createElement("b")).textContent = n + 1;
      shown.part.over.appendChild(shown.laid(button, one.place.at, "vw-mark"));
      button.addEventListener("click", function () { if (one.line) one.line.querySelector("[type=text]").focus(); });
    });
  }

  panes.forEach(function (shown) {
    shown.root.addEventListener("viewer:shown", function () {
      if (draft && shown === pane) { if (draft.file === pane.sheet.file && draft.page === pane.page && draft.turn === pane.turn) lay(); else leave(); }
      paintOn(shown);
    });
  });
  root.addEventListener("viewer:left", leave);
  if (!part.mark) return;

  function lay() {
    var rect = over.querySelector(".vw-mark-new");
    if (!rect) {
      rect = document.createElement("button");
      rect.type = "button";
      rect.className = "vw-mark vw-mark-new";
      rect.setAttribute("aria-label", say("place"));
      rect.addEventListener("keydown", byKeys);
      rect.addEventListener("click", function (event) { if (!event.detail) part.said.focus(); });  // by Enter or the space bar
      over.appendChild(rect);
    }
    ["left", "top", "width", "height"].forEach(function (side, n) { rect.style[side] = draft.at[n] * 100 + "%"; });
    var shown = draft.at.map(function (side) { return Math.round(side * 100); });
    part.where.textContent = where(placed()) + say("between") + say("place_at", { left: shown[0], top: shown[1], width: shown[2], height: shown[3] });
    return rect;
  }
  function placed() {
    return { file: draft.file, page: draft.page, at: pane.turned(draft.at, -draft.turn) };
  }
  function kept(at) {
    var width = Math.min(1, Math.max(LEAST, at[2])), height = Math.min(1, Math.max(LEAST, at[3]));
    return [Math.min(1 - width, Math.max(0, at[0])), Math.min(1 - height, Math.max(0, at[1])), width, height];
  }

  function begin() {
    var page = part.page.getBoundingClientRect(), stage = part.stage.getBoundingClientRect();
    var middle = (Math.max(page.top, stage.top) + Math.min(page.bottom, stage.bottom)) / 2;
    draft = { file: pane.sheet.file, page: pane.page, turn: pane.turn, at: kept([0.35, (middle - page.top) / page.height - 0.05, 0.3, 0.1]) };
    part.words.hidden = false;
    part.said.value = "";
    fault("");
    part.mark.setAttribute("aria-pressed", "true");
    over.classList.add("vw-over-drawing");
    lay().focus({ preventScroll: true });
    pane.say("draw");
  }
  function leave() {
    if (!draft) return;
    draft = null;
    part.words.hidden = true;
    part.mark.setAttribute("aria-pressed", "false");
    over.classList.remove("vw-over-drawing");
    var rect = over.querySelector(".vw-mark-new");
    if (rect) rect.remove();
    if (part.say.textContent === say("draw")) pane.say("");
  }
  function fault(words) {
    part.fault.textContent = words;
    if (words) part.said.setAttribute("aria-invalid", "true"); else part.said.removeAttribute("aria-invalid");
  }
  pane.does.mark = function () { if (draft) leave(); else begin(); };

  function byKeys(event) {
    var by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key], at = draft.at;
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    draft.at = event.shiftKey
      ? [at[0], at[1], Math.min(1 - at[0], Math.max(LEAST, at[2] + by[0] * STEP)), Math.min(1 - at[1], Math.max(LEAST, at[3] + by[1] * STEP))]
      : kept([at[0] + by[0] * STEP, at[1] + by[1] * STEP, at[2], at[3]]);
    lay().scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /* By pointer and finger: beside the rectangle a new one is drawn, within it it is moved. */
  function at(event) {
    var page = over.getBoundingClientRect();
    return [Math.min(1, Math.max(0, (event.clientX - page.left) / page.width)), Math.min(1, Math.max(0, (event.clientY - page.top) / page.height))];
  }
  over.addEventListener("pointerdown", function (event) {
    if (!draft || event.button) return;
    event.preventDefault();
    var from = at(event), was = draft.at.slice(), moves = Boolean(event.target.closest(".vw-mark-new"));
    over.setPointerCapture(event.pointerId);
    function move(moved) {
      var to = at(moved);
      if (moves) draft.at = kept([was[0] + to[0] - from[0], was[1] + to[1] - from[1], was[2], was[3]]);
      else draft.at = kept([Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])]);
      lay();
    }
    function end(ended) {
      over.removeEventListener("pointermove", move);
      over.removeEventListener("pointerup", end);
      over.removeEventListener("pointercancel", end);
      if (!draft) return;
      if (ended.type === "pointercancel") { draft.at = was; lay(); return; }
      part.said.focus({ preventScroll: true });
    }
    over.addEventListener("pointermove", move);
    over.addEventListener("pointerup", end);
    over.addEventListener("pointercancel", end);
  });

  part.drop.addEventListener("click", function () { leave(); part.mark.focus(); });
  root.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && draft) { event.stopPropagation(); leave(); part.mark.focus(); }
  });
  part.said.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    part.words.requestSubmit();
  });
  // What is written beside a place is not lost because the decision is sent first.
  document.addEventListener("submit", function (event) {
    if (!draft || event.target === part.words || event.target.method !== "post" || !part.said.value.trim()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    fault(say("not_added"));
    part.words.scrollIntoView({ block: "nearest" });
    part.said.focus();
  }, true);
  part.words.addEventListener("submit", function (event) {
    event.preventDefault();
    var words = part.said.value.trim(), place = draft && written(placed());
    if (!words) { fault(say("words_needed")); part.said.focus(); return; }
    if (lines && !add(place, words)) { fault(say("too_many")); return; }
    leave();
    if (!lines) pass(place, words);
    else pane.say("marked");
    paint();
    part.mark.focus();
  });
})();
