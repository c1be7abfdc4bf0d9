/*
 * A pane of the viewer: choosing a file, its pages, zoom, turning, small pictures, its text, and the search in all files. Pages come
 * as pictures from the file's box (box.js); nothing of a file is ever part of this page.
 *
 *   <section data-viewer data-frame data-content data-text> with <option data-sheet> for each file; parts are named by data-vw
 *   #viewer-words   what is said
 *   It tells "viewer:shown" (a page stands there, or its size changed) and "viewer:left"; section.pane is what others ask.
 */
(function () {
  "use strict";

  var WORDS = JSON.parse(document.getElementById("viewer-words").textContent);
  var ZOOMS = [0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];
  var THUMB = 110, MOST_THUMBS = 500, MARGIN = 16;
  var NO_FILE = "00000000-0000-0000-0000-000000000000";

  function say(word, gaps) {
    return WORDS[word].replace(/\{(\w+)\}/g, function (_all, name) { return String(gaps[name]); });
  }

  /** A rectangle in fractions of the page, as it lies once the page is turned by so many degrees to the right. */
  function turned(at, degrees) {
    var l = at[0], t = at[1], w = at[2], h = at[3];
    switch ((degrees % 360 + 360) % 360) {
      case 90: return [1 - t - h, l, h, w];
      case 180: return [1 - l - w, 1 - t - h, w, h];
      case 270: return [t, 1 - l - w, h, w];
      default: return [l, t, w, h];
    }
  }

  function Pane(root) {
    var part = {}, pane = { root: root, turn: 0, page: 1, pages: 0, kind: "none", sheet: null, started: false };
    var box = null, texts = null, size = null, zoom = "fit", looked = [], opening = 0, drawing = 0, asText = false, watch = null;

    Array.prototype.forEach.call(root.querySelectorAll("[data-vw]"), function (each) { part[each.dataset.vw] = each; });
    var options = Array.prototype.slice.call(part.file.options);
    pane.part = part;
    pane.say = function (word, gaps) { part.say.textContent = word ? say(word, gaps || {}) : ""; part.say.hidden = !word; };
    pane.words = say;
    pane.turned = turned;

    /* -- a file ------------------------------------------------------------------------------------------------------ */

    function close() {
      if (box) box.close();
      if (watch) watch.disconnect();
      box = texts = size = watch = null;
      pane.pages = 0;
      part["thumb-list"].textContent = "";
      root.dispatchEvent(new CustomEvent("viewer:left"));
    }

    function open(option, page) {
      var mine = ++opening;
      close();
      option.selected = true;
      pane.sheet = JSON.parse(option.dataset.sheet);
      pane.kind = pane.sheet.kind;
      pane.turn = 0;
      zoom = "fit";
      asText = false;
      warn();
      part.download.href = pane.sheet.url + "?save";
      show("none");
      if (pane.kind === "none") { pane.say("none"); controls(); return Promise.resolve(); }
      pane.say("loading");
      return (pane.kind === "text" ? read() : fetched().then(boxed)).then(function () {
        if (mine !== opening) return null;
        thumbs();
        return go(page || 1);
      }).catch(function (word) {
        if (mine === opening) { pane.say(WORDS[word] ? word : "broken"); controls(); }
      });

      function boxed(bytes) {
        return window.portalBox(root.dataset.frame, bytes, pane.sheet.type, WORDS.box).then(function (made) {
          if (mine !== opening) { made.close(); return; }
          box = made;
          pane.pages = made.pages;
        });
      }
    }

    function fetched() {
      return fetch(root.dataset.content.replace(NO_FILE, pane.sheet.file), { credentials: "same-origin" }).catch(function () { throw "lost"; }).then(function (response) {
        if (response.redirected && /\/login\//.test(response.url)) throw "signed_out";
        if (!response.ok) throw "lost";
        return response.arrayBuffer();
      });
    }

    function read() {
      if (texts) return Promise.resolve();
      var wanted = pane.sheet.file;
      return fetch(root.dataset.text.replace(NO_FILE, wanted), { credentials: "same-origin" }).then(function (response) {
        if (response.redirected && /\/login\//.test(response.url)) throw "signed_out";
        if (!response.ok) throw "lost";
        return response.json();
      }).then(function (said) {
        if (pane.sheet.file !== wanted) return;
        texts = said.pages;
        if (pane.kind === "text") pane.pages = Math.max(1, texts.length);
      });
    }

    function warn() {
      part.warnings.textContent = "";
      pane.sheet.warnings.forEach(function (words) {
        var line = document.createElement("li");
        line.textContent = words;
        part.warnings.appendChild(line);
      });
      part.warnings.hidden = !pane.sheet.warnings.length;
    }

    function show(which) {
      part.page.hidden = which !== "page";
      part["words-of-page"].hidden = which !== "text";
    }

    /* -- a page ------------------------------------------------------------------------------------------------------ */

    function go(page) {
      if (!pane.pages) return Promise.resolve();
      pane.page = Math.min(pane.pages, Math.max(1, page));
      size = null;
      controls();
      Array.prototype.forEach.call(part["thumb-list"].children, function (each, n) {
        if (n + 1 === pane.page) { each.setAttribute("aria-current", "page"); each.scrollIntoView({ block: "nearest", inline: "nearest" }); }
        else each.removeAttribute("aria-current");
      });
      return paint().then(function () { part.stage.scrollTop = 0; });
    }

    function paint() {
      if (pane.kind === "text" || asText) return spell();
      if (!box) return Promise.resolve();
      var mine = ++drawing, mine_box = box, sharp = window.devicePixelRatio || 1, room = part.stage.clientWidth - MARGIN;
      if (part.page.hidden) pane.say("drawing", { page: pane.page, pages: pane.pages });
      return (size ? Promise.resolve(size) : mine_box.ask({ page: pane.page })).then(function (found) {
        size = found;
        var lies = pane.turn % 180 ? found.height : found.width;
        var width = Math.max(40, zoom === "fit" ? room : lies * zoom);
        pane.scale = width / lies;
        return mine_box.ask({ page: pane.page, pixels: Math.round(width * sharp), turn: pane.turn }).then(function (drawn) {
          if (mine !== drawing || mine_box !== box) { drawn.picture.close(); return; }
          part.canvas.width = drawn.width;
          part.canvas.height = drawn.height;
          part.canvas.getContext("bitmaprenderer").transferFromImageBitmap(drawn.picture);
          part.page.style.width = width + "px";
          part.page.style.height = width * drawn.height / drawn.width + "px";
          part.canvas.setAttribute("aria-label", say("shown", { name: pane.sheet.name, page: pane.page, pages: pane.pages }));
          pane.say("");
          show("page");
          controls();
          Array.prototype.forEach.call(part.over.querySelectorAll(".vw-found"), function (old) { old.remove(); });
          root.dispatchEvent(new CustomEvent("viewer:shown"));
          return highlight(mine, mine_box);
        });
      }).catch(function (word) {
        if (mine === drawing && word !== "closed") { show("none"); pane.say(WORDS[word] ? word : "broken"); }
      });
    }

    /** The words that were looked for, on the page. */
    function highlight(mine, mine_box) {
      if (!looked.length || pane.kind !== "pdf") return null;
      return mine_box.ask({ page: pane.page, words: looked }).then(function (said) {
        if (mine !== drawing) return;
        said.places.forEach(function (at) { part.over.appendChild(laid(document.createElement("span"), at, "vw-found")); });
      });
    }

    function laid(element, at, name) {
      var place = turned(at, pane.turn);
      element.className = name;
      ["left", "top", "width", "height"].forEach(function (side, n) { element.style[side] = place[n] * 100 + "%"; });
      return element;
    }
    pane.laid = laid;

    function spell() {
      var mine = ++drawing;
      return read().then(function () {
        if (mine !== drawing) return;
        var text = (texts[pane.page - 1] || "").trim(), words = part["words-of-page"];
        words.textContent = "";
        words.setAttribute("aria-label", say("text_shown", { name: pane.sheet.name, page: pane.page, pages: pane.pages }));
        if (text) lit(words, text); else words.textContent = say("no_text", {});
        pane.say("");
        show("text");
        controls();
        root.dispatchEvent(new CustomEvent("viewer:left"));
      }).catch(function (word) { if (mine === drawing) { show("none"); pane.say(WORDS[word] ? word : "lost"); } });
    }

    /** The text with the words that were looked for in <mark>. */
    function lit(into, text) {
      var plain = looked.map(function (word) { return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"); });
      var parts = plain.length ? text.split(new RegExp("(" + plain.join("|") + ")", "gi")) : [text];
      parts.forEach(function (piece, n) {
        if (n % 2) into.appendChild(document.createElement("mark")).textContent = piece;
        else into.appendChild(document.createTextNode(piece));
      });
    }

    function controls() {
      var drawn = Boolean(box) && !asText, many = pane.pages > 1, at = options.indexOf(part.file.selectedOptions[0]);
      part.number.value = pane.page;
      part.of.textContent = "/ " + (pane.pages || "–");
      part.zoom.textContent = drawn && size ? Math.round(pane.scale * 100) + " %" : "–";
      off("page-before", !many || pane.page <= 1);
      off("page-after", !many || pane.page >= pane.pages);
      off("file-before", at <= 0);
      off("file-after", at >= options.length - 1);
      ["smaller", "larger", "fit", "turn"].forEach(function (name) { off(name, !drawn); });
      off("thumbs", !box || !many);
      off("text", pane.kind !== "pdf");
      off("mark", !drawn || pane.sheet.replaced);
      part.text.setAttribute("aria-pressed", String(asText));
      if (part.window) part.window.href = root.dataset.window + "?file=" + pane.sheet.file + "&page=" + pane.page;
    }
    // Not disabled: what has the focus keeps it, and says that there is nothing to do.
    function off(name, nothing) { if (part[name]) part[name].setAttribute("aria-disabled", String(Boolean(nothing))); }

    /* -- small pictures ------------------------------------------------------------------------------------------------ */

    function thumbs() {
      var list = part["thumb-list"];
      if (!box || pane.pages < 2) { list.hidden = true; part.thumbs.setAttribute("aria-pressed", "false"); return; }
      for (var n = 1; n <= Math.min(pane.pages, MOST_THUMBS); n += 1) {
        var button = document.createElement("button");
        button.type = "button";
        button.dataset.page = n;
        button.appendChild(document.createElement("canvas")).setAttribute("aria-hidden", "true");
        button.appendChild(document.createElement("span")).textContent = say("page", { page: n });
        list.appendChild(button);
      }
      if (!("IntersectionObserver" in window)) return;
      watch = new IntersectionObserver(function (seen) {
        seen.forEach(function (each) {
          if (!each.isIntersecting || !box) return;
          watch.unobserve(each.target);
          box.ask({ page: Number(each.target.dataset.page), pixels: THUMB, turn: 0 }).then(function (drawn) {
            var canvas = each.target.querySelector("canvas");
            canvas.width = drawn.width;
            canvas.height = drawn.height;
            canvas.getContext("bitmaprenderer").transferFromImageBitmap(drawn.picture);
          }).catch(function () { /* the number stands there all the same */ });
        });
      }, { root: list });
      Array.prototype.forEach.call(list.children, function (each) { watch.observe(each); });
    }

    /* -- the search ---------------------------------------------------------------------------------------------------- */

    function search(query) {
      looked = query.normalize("NFKC").trim().split(/\s+/).filter(Boolean).slice(0, 5);
      part.results.textContent = say("searching", {});
      var address = root.querySelector(".vw-find").action + "?q=" + encodeURIComponent(query);
      return fetch(address, { credentials: "same-origin" }).then(function (response) {
        if (!response.ok || response.redirected) throw new Error("no answer");
        return response.text();
      }).then(function (html) { part.results.innerHTML = html; })
        .catch(function () { part.results.textContent = say("search_failed", {}); });
    }
    pane.find = function (file, page) {
      var option = options.filter(function (each) { return each.value === file; })[0];
      if (!option) return Promise.resolve();
      return pane.sheet && pane.sheet.file === file && pane.pages ? go(page) : open(option, page);
    };

    /* -- what one does ------------------------------------------------------------------------------------------------- */

    function zoomed(by) {
      var at = pane.scale || 1, next = by > 0 ? ZOOMS.filter(function (z) { return z > at + 0.01; })[0]
        : ZOOMS.filter(function (z) { return z < at - 0.01; }).pop();
      if (next) { zoom = next; paint(); }
    }
    function file(by) {
      var next = options[options.indexOf(part.file.selectedOptions[0]) + by];
      if (next) open(next, 1);
    }
    function opened(button, panel, is) {
      part[panel].hidden = !is;
      part[button].setAttribute(button === "search" ? "aria-expanded" : "aria-pressed", String(is));
    }

    pane.does = {
      "file-before": function () { file(-1); },
      "file-after": function () { file(1); },
      "page-before": function () { go(pane.page - 1); },
      "page-after": function () { go(pane.page + 1); },
      smaller: function () { zoomed(-1); },
      larger: function () { zoomed(1); },
      fit: function () { zoom = "fit"; paint(); },
      turn: function () { pane.turn = (pane.turn + 90) % 360; paint(); },
      thumbs: function () { opened("thumbs", "thumb-list", part["thumb-list"].hidden); if (zoom === "fit") paint(); },
      text: function () { asText = !asText; if (!asText) show("none"); paint(); },
      search: function () { opened("search", "finder", part.finder.hidden); if (!part.finder.hidden) root.querySelector(".vw-find input").focus(); }
    };
    pane.able = function (name) { return part[name] && part[name].getAttribute("aria-disabled") !== "true"; };
    pane.act = function (name) { if (pane.does[name] && pane.able(name)) pane.does[name](); };

    root.addEventListener("click", function (event) {
      var button = event.target.closest("button[data-vw]"), hit = event.target.closest("a[data-file]"), small = event.target.closest("button[data-page]");
      if (button) pane.act(button.dataset.vw);
      else if (small) go(Number(small.dataset.page));
      else if (hit && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        pane.find(hit.dataset.file, Number(hit.dataset.page)).then(function () { part.stage.focus({ preventScroll: true }); });
      }
    });
    part.file.addEventListener("change", function () { open(part.file.selectedOptions[0], 1); });
    part.number.addEventListener("change", function () { go(parseInt(part.number.value.normalize("NFKC"), 10) || pane.page); });
    root.querySelector(".vw-find").addEventListener("submit", function (event) {
      event.preventDefault();
      search(event.target.elements.q.value).then(function () { if (pane.pages) paint(); });
    });
    var room = 0, soon;
    new ResizeObserver(function () {
      if (room === part.stage.clientWidth) return;
      room = part.stage.clientWidth;
      clearTimeout(soon);
      soon = setTimeout(function () { if (zoom === "fit" && !part.page.hidden) paint(); }, 150);
    }).observe(part.stage);

    pane.start = function () {
      pane.started = true;
      root.classList.add("is-open");
      if (!options.length) { pane.say("none"); return; }
      var query = root.querySelector(".vw-find input").value;
      if (query) { looked = query.normalize("NFKC").trim().split(/\s+/); opened("search", "finder", true); search(query); }
      open(part.file.selectedOptions[0] || options[0], Number(root.dataset.page));
    };
    root.pane = pane;
    return pane;
  }

  // Beside the form it is opened where there is room for it (viewer.css keeps its place until this runs, so that nothing moves);
  // on a narrow screen links lead to its own page.
  var wide = window.matchMedia("(min-width: 1100px)");
  Array.prototype.forEach.call(document.querySelectorAll("[data-viewer]"), function (root) {
    var pane = Pane(root);
    function begin() { if (!pane.started && (root.dataset.alone || wide.matches)) pane.start(); }
    begin();
    wide.addEventListener("change", begin);
    document.addEventListener("click", function (event) {
      var look = event.target.closest("a[data-look]");
      if (!look || !pane.started || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      pane.find(look.dataset.look, 1);
      root.scrollIntoView({ block: "nearest" });
      pane.part.stage.focus({ preventScroll: true });
    });
  });
})();
