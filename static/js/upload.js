/*
 * Uploads: each file is sent as soon as it is chosen, dropped, pasted or photographed; two at once, each with its progress, and goes on
 * by itself when the line drops (tus.js). The order of several files is changed by dragging or by the buttons of their rows.
 * Without this script the same form sends the files, and the same buttons move them. Markup: templates/components/upload_form.html.
 */
(function () {
  "use strict";

  var AT_ONCE = 2;
  var waiting = [];
  var running = 0;

  function each(list, fn) { Array.prototype.forEach.call(list, fn); }

  function next() {
    while (running < AT_ONCE && waiting.length) {
      running += 1;
      waiting.shift()();
    }
  }
  function finished() { running -= 1; next(); }

  window.addEventListener("beforeunload", function (event) {
    if (running || waiting.length) event.preventDefault();  // leaving would break off a file that is on its way
  });

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  }

  function sizeText(bytes) {
    if (bytes < 1024) return bytes + " B";
    if (bytes < 1024 * 1024) return (bytes / 1024).toFixed(1) + " KB";
    return (bytes / 1024 / 1024).toFixed(1) + " MB";
  }

  function hasFiles(event) {
    return event.dataTransfer && Array.prototype.indexOf.call(event.dataTransfer.types, "Files") !== -1;
  }

  function startUploads(form) {
    var input = form.querySelector("input[type=file][name]");
    if (!input) return;
    var camera = form.querySelector("input[capture]");
    var home = form.closest("[data-requirement]") || form.parentElement;
    var list = home.querySelector("[data-file-list]");
    var live = form.querySelector("[aria-live]");

    function text(key, values) {
      var found = form.dataset["text" + key] || "";
      Object.keys(values || {}).forEach(function (k) { found = found.replace("{" + k + "}", values[k]); });
      return found;
    }

    function token() { return form.querySelector("[name=csrfmiddlewaretoken]").value; }

    /** Said to a screen reader; several files may have news at the same moment, so each is a line of its own. */
    function announce(name, message) {
      var line = make("span", "", name + ": " + message + " ");
      live.append(line);
      setTimeout(function () { line.remove(); }, 10000);
    }

    /** The row of a file that the server doesn't have yet. */
    function rowFor(name, size) {
      var row = make("li", "file-row is-sending");
      var kind = make("span", "kind small", (name.split(".").pop() || "").slice(0, 4).toUpperCase());
      kind.setAttribute("aria-hidden", "true");
      var body = make("div");
      var meta = make("span", "file-meta");
      var state = make("span", "file-state");
      var acts = make("div", "file-acts");
      var bar = make("progress", "bar");
      meta.append(make("span", "num", sizeText(size)), state);
      body.append(make("span", "file-name", name), meta);
      bar.max = 100;
      bar.setAttribute("aria-label", name);
      row.append(kind, body, acts, bar);
      list.append(row);
      return {
        element: row, bar: bar, acts: acts,
        say: function (message, aloud) {
          if (state.textContent === message) return;
          state.textContent = message;
          if (aloud) announce(name, message);
        },
        button: function (key, act) {
          var b = make("button", "btn btn-link btn-sm", text(key));
          b.type = "button";
          b.setAttribute("aria-label", text(key) + " " + name);
          b.addEventListener("click", act);
          acts.append(b);
          return b;
        },
        focused: function () { return row.contains(document.activeElement); }
      };
    }

    function send(file) {
      each(list.querySelectorAll("[data-broken-off]"), function (old) { if (old.dataset.brokenOff === file.name + "|" + file.size) old.remove(); });
      var row = rowFor(file.name, file.size);
      var dropped = false;
      var told = {
        endpoint: form.dataset.uploads,
        direct: form.dataset.direct,
        token: token,
        fallback: function () { sender = window.tus.sender(file, told); sender.start(); },
        progress: function (bytes) {
          var percent = Math.min(100, Math.floor(bytes / file.size * 100));
          row.bar.value = percent;
          dropped = false;
          row.say(text("Uploading", { percent: percent }));
        },
        interrupted: function () {
          row.say(text("Interrupted"), !dropped);
          dropped = true;
        },
        checking: function () { row.bar.removeAttribute("value"); row.say(text("Checking"), true); },
        done: function (answer) { finished(); keep(answer); },
        refused: function (message, again) {
          finished();
          refuse(message === null ? text("SignIn") : message ? text("Refused", { reason: message }) : text("Failed"), again);
        }
      };
      var straight = told.direct && window.direct && file.size >= window.direct.least;
      var sender = (straight ? window.direct : window.tus).sender(file, told);

      /** The file did not arrive: say why; offer another try when a try may help. */
      function refuse(message, again) {
        var hadFocus = row.focused();
        row.element.classList.add("is-refused");
        row.bar.hidden = true;
        row.acts.replaceChildren();
        row.say(message, true);
        if (again) row.button("Retry", function () { row.element.classList.remove("is-refused"); attempt(); });
        row.button("Dismiss", function () { row.element.remove(); input.focus(); });
        if (hadFocus) row.acts.firstChild.focus();
      }

      function keep(answer) {
        var hadFocus = row.focused();
        var holder = document.createElement("template");
        holder.innerHTML = answer.html.trim();
        var saved = holder.content.firstElementChild;
        if (answer.replace) each(list.querySelectorAll(".file-row:not(.is-sending)"), function (old) { old.remove(); });
        var twin = saved.id && document.getElementById(saved.id);
        if (twin) twin.remove();
        row.element.replaceWith(saved);
        if (answer.status_html) {
          var spot = home.querySelector("[data-requirement-status]");
          if (spot) spot.innerHTML = answer.status_html;
        }
        var words = form.dataset.textReplace && form.querySelector("label[for='" + input.id + "'] > span");
        if (words) words.firstChild.data = form.dataset.textReplace; // the next one takes its place, and is called so
        announce(file.name, text("Saved"));
        if (hadFocus) input.focus();
        form.dispatchEvent(new CustomEvent("portal:uploaded", { bubbles: true, detail: { answer: answer, row: saved } }));
      }

      function start() { row.say(text("Uploading", { percent: 0 }), true); sender.start(); }

      function attempt() {
        row.acts.replaceChildren();
        row.bar.hidden = false;
        row.bar.removeAttribute("value");
        row.say(text("Waiting"));
        var limit = Number(form.dataset.maxBytes || 0);
        if (limit && file.size > limit) { refuse(text("TooLarge", { max: sizeText(limit) }), false); return; }
        if (!file.size) { refuse(text("Empty"), false); return; }
        row.button("Cancel", function () {
          var place = waiting.indexOf(start);
          if (place !== -1) waiting.splice(place, 1);
          else finished();
          sender.cancel();
          row.element.remove();
          announce(file.name, text("Cancelled"));
          input.focus();
        });
        waiting.push(start);
        next();
      }
      attempt();
    }

    function sendAll(files) {
      var chosen = Array.prototype.slice.call(files);
      if (!input.multiple) chosen = chosen.slice(0, 1);
      chosen.forEach(send);
    }

    function sendChosen(from) {
      sendAll(from.files);
      from.value = "";                          // so that the same file can be chosen again
    }

    window.tus.brokenOff(form.dataset.uploads).forEach(function (one) {
      var row = rowFor(one.name, one.size);
      row.element.dataset.brokenOff = one.name + "|" + one.size;
      row.bar.value = one.percent;
      row.say(text("BrokenOff", { percent: one.percent }));
      row.button("Cancel", function () {
        window.tus.forget(one, token());
        row.element.remove();
        announce(one.name, text("Cancelled"));
        input.focus();
      });
    });

    input.addEventListener("change", function () { sendChosen(input); });
    if (camera) camera.addEventListener("change", function () { sendChosen(camera); });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (input.files.length) sendChosen(input);
      else input.click();
    });
    each(form.querySelectorAll("[type=submit]"), function (b) { b.hidden = true; });
    input.required = false;
    home.addEventListener("portal:pasted", function (event) {
      sendAll(event.detail.map(function (file) {
        if (file.name !== "image.png") return file;
        var stamp = new Date().toLocaleString("sv-SE").replace(/[: ]/g, "-");
        return new File([file], text("Pasted") + "-" + stamp + ".png", { type: file.type });
      }));
    });
    startDropping(form.querySelector("[data-dropzone]"), sendAll);
  }

  function startDropping(zone, sendAll) {
    if (!zone) return;
    var depth = 0;
    zone.addEventListener("dragenter", function (event) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth += 1;
      zone.classList.add("is-over");
    });
    zone.addEventListener("dragover", function (event) { if (hasFiles(event)) event.preventDefault(); });
    zone.addEventListener("dragleave", function () {
      depth = Math.max(0, depth - 1);
      if (!depth) zone.classList.remove("is-over");
    });
    zone.addEventListener("drop", function (event) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      zone.classList.remove("is-over");
      sendAll(event.dataTransfer.files);
    });
  }

  /* -- pasting: into the material that has the focus, or the pointer, or is the only one ----------------------------- */

  function startPasting() {
    document.addEventListener("paste", function (event) {
      var files = event.clipboardData ? Array.prototype.slice.call(event.clipboardData.files) : [];
      if (!files.length) return;
      var homes = Array.prototype.filter.call(document.querySelectorAll("[data-requirement]"), function (home) {
        return home.querySelector("form[data-uploads]");
      });
      var home = document.activeElement.closest("[data-requirement]") || document.querySelector("[data-requirement]:hover") ||
        (homes.length === 1 ? homes[0] : null);
      if (homes.indexOf(home) === -1) return;
      event.preventDefault();
      home.dispatchEvent(new CustomEvent("portal:pasted", { detail: files }));
    });
  }

  /* -- order: the buttons of the rows, or dragging ------------------------------------------------------------------- */

  function rowsOf(list) {
    return Array.prototype.filter.call(list.children, function (row) { return row.querySelector("form[data-move]"); });
  }

  function startOrdering(list) {
    var dragged = null, before = null;
    var live = list.parentElement.querySelector("form [aria-live]");

    function say(row) {
      var rows = rowsOf(list);
      var words = list.dataset.textMoved || "";
      if (!live || !words) return;
      var line = make("span", "", words.replace("{name}", row.querySelector(".file-name").textContent)
        .replace("{place}", rows.indexOf(row) + 1).replace("{count}", rows.length) + " ");
      live.append(line);
      setTimeout(function () { line.remove(); }, 10000);
    }

    /** The row stands where it is to be; the server is told, and when it doesn't take it the row goes back. */
    function tell(row, back) {
      var form = row.querySelector("form[data-move]");
      var data = new FormData(form);
      data.set("to", String(rowsOf(list).indexOf(row) + 1));
      fetch(form.action, { method: "POST", body: data, headers: { "X-Requested-With": "XMLHttpRequest" } }).then(function (answer) {
        if (!answer.ok || answer.redirected) throw new Error(answer.status);
        say(row);
      }).catch(function () { list.insertBefore(row, back); });
    }

    list.addEventListener("submit", function (event) {
      var form = event.target.closest("form[data-move]");
      if (!form || !event.submitter) return;
      event.preventDefault();
      var row = form.closest(".file-row");
      var rows = rowsOf(list);
      var up = event.submitter.value === "up";
      var other = rows[rows.indexOf(row) + (up ? -1 : 1)];
      if (!other) return;
      var back = row.nextElementSibling;
      list.insertBefore(row, up ? other : other.nextElementSibling);
      event.submitter.focus();
      if (document.activeElement !== event.submitter) (form.querySelector("button:not([value=" + event.submitter.value + "])") || event.submitter).focus();
      tell(row, back);
    });

    list.addEventListener("pointerdown", function (event) {
      var row = event.target.closest(".file-row");
      if (row) row.draggable = event.pointerType === "mouse" && rowsOf(list).length > 1 && rowsOf(list).indexOf(row) !== -1 && !event.target.closest("a, button");
    });
    list.addEventListener("dragstart", function (event) {
      dragged = event.target.closest ? event.target.closest(".file-row") : null;
      if (!dragged || !dragged.draggable) { dragged = null; return; }
      before = dragged.nextElementSibling;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", "");
      dragged.classList.add("is-dragged");
    });
    list.addEventListener("dragover", function (event) {
      if (!dragged) return;
      event.preventDefault();
      var over = event.target.closest(".file-row");
      if (!over || over === dragged || rowsOf(list).indexOf(over) === -1) return;
      var box = over.getBoundingClientRect();
      list.insertBefore(dragged, event.clientY < box.top + box.height / 2 ? over : over.nextElementSibling);
    });
    list.addEventListener("drop", function (event) { if (dragged) event.preventDefault(); });
    list.addEventListener("dragend", function (event) {
      if (!dragged) return;
      var row = dragged;
      dragged = null;
      row.classList.remove("is-dragged");
      row.draggable = false;
      if (event.dataTransfer.dropEffect === "none") { list.insertBefore(row, before); return; }
      if (row.nextElementSibling !== before) tell(row, before);
    });
  }

  function start() {
    each(document.querySelectorAll("form[data-uploads]"), startUploads);
    each(document.querySelectorAll("[data-file-list]"), startOrdering);
    startPasting();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());
