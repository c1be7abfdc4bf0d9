/*
 * The portal's only script: fields that depend on others, uploads, submit-once, small comforts.
 * Every page works without it. No inline code, no eval: the CSP is `script-src 'self'`.
 *
 *  conditions   [data-shown-if='["cmp", ">", ["name", "n"], ["const", 0]]']  on a field or on any element around fields
 *  uploads      <form data-upload> … see templates/components/upload_form.html for the markup and the texts
 *  once         <form data-once>
 *  chips        <time data-countdown datetime="…" data-text-late="…">
 */
(function () {
  "use strict";

  var root = document.documentElement;
  root.classList.add("js");

  function slice(list) { return Array.prototype.slice.call(list); }
  function each(list, fn) { Array.prototype.forEach.call(list, fn); }

  /* -- signing out: nothing typed stays behind in this browser (see draft.js, kept.js) ----------------------------- */

  document.addEventListener("submit", function (event) {
    if (!/\/logout\/$/.test(event.target.action)) return;
    try {
      Object.keys(localStorage).forEach(function (key) { if (key.indexOf("draft:") === 0) localStorage.removeItem(key); });
      Object.keys(sessionStorage).forEach(function (key) { if (key.indexOf("desk:") === 0) sessionStorage.removeItem(key); });
    } catch (denied) { /* then nothing was kept */ }
  });

  /* -- conditions ---------------------------------------------------------------------------------------- */

  function fold(text) {
    return text.replace(/[０-９．－，]/g, function (c) { return String.fromCharCode(c.charCodeAt(0) - 0xfee0); });
  }

  function toNumber(text) {
    var plain = fold(String(text)).replace(/[,\s¥￥元]/g, "");
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain)) return null;
    return Number(plain);
  }

  function toScalar(text) {
    if (text === "true") return true;
    if (text === "false") return false;
    return text;
  }

  function isNumeric(control) {
    return control.type === "number" || control.type === "range" || control.inputMode === "numeric" || control.inputMode === "decimal";
  }

  function orNothing(list) { return list.length ? list : null; }

  /** A group by its own name: its rows that say something; of them only the number matters. */
  function rowsOf(form, group) {
    var rows = form.querySelectorAll("[data-group='" + group + "'] [data-row]");
    return orNothing(Array.prototype.filter.call(rows, function (row) {
      return Array.prototype.some.call(row.querySelectorAll("input, select, textarea"), function (c) {
        return !c.disabled && (c.type === "checkbox" || c.type === "radio" ? c.checked : c.value.trim() !== "");
      });
    }));
  }

  /** The present value of a field, as the server's form would clean it: null or "" when there is no answer. */
  function valueOf(form, name) {
    var wanted = (form.dataset.prefix ? form.dataset.prefix + "-" : "") + name;
    var controls = [];
    each(form.elements, function (c) { if (c.name === wanted && !c.disabled) controls.push(c); });
    if (!controls.length) return rowsOf(form, name);
    var first = controls[0];
    if (first.type === "radio") {
      var chosen = controls.filter(function (c) { return c.checked; })[0];
      return chosen && chosen.value !== "" ? toScalar(chosen.value) : null;
    }
    if (first.type === "checkbox") {
      if (controls.length === 1 && /^(on|true|1|)$/i.test(first.value)) return first.checked;
      return orNothing(controls.filter(function (c) { return c.checked; }).map(function (c) { return c.value; }));
    }
    if (first.type === "select-multiple") {
      return orNothing(Array.prototype.map.call(first.selectedOptions, function (o) { return o.value; }));
    }
    if (first.type === "file") return first.files.length ? first.files[0].name : null;
    var text = first.value.trim();
    if (text === "") return null;
    if (isNumeric(first)) return toNumber(text);
    return first.tagName === "SELECT" ? toScalar(text) : text;
  }

  /** What all rows of a group say in one column; rows that say nothing left out. */
  function columnOf(form, group, column) {
    var found = [];
    each(form.querySelectorAll("[data-group='" + group + "'] [data-row]"), function (row) {
      var value = valueOf(form, group + "-" + row.dataset.row + "-" + column);
      if (value !== null && value !== "") found.push(value);
    });
    return found;
  }

  /*
   * The same language as `permits/expressions.py`, with the same meaning; a test compares the two. What stands on an answer
   * that is missing is itself unanswered (only == and != may look at nothing), and an unanswered condition shows nothing.
   */
  function Unanswered() {}

  function isDay(v) { return typeof v === "string" && /^\d{4}-\d\d-\d\d$/.test(v); }
  function isMoment(v) { return typeof v === "string" && /^\d{4}-\d\d-\d\dT/.test(v); }

  function truthy(v) {
    return Array.isArray(v) ? v.length > 0 : Boolean(v);
  }

  function known(v) {
    if (v === null || v === undefined || v === "") throw new Unanswered();
    return v;
  }

  /** A day and a moment are compared as days. */
  function compare(op, a, b) {
    if (isDay(a) && isMoment(b)) b = b.slice(0, 10);
    else if (isMoment(a) && isDay(b)) a = a.slice(0, 10);
    if (op === "==") return a === b;
    if (op === "!=") return a !== b;
    known(a);
    known(b);
    if (op === "in" || op === "not in") {
      if (typeof b.indexOf !== "function") throw new Unanswered();
      return (b.indexOf(a) !== -1) === (op === "in");
    }
    if (typeof a !== typeof b) throw new Unanswered();
    switch (op) {
      case "<": return a < b;
      case "<=": return a <= b;
      case ">": return a > b;
      case ">=": return a >= b;
    }
    throw new Error("unknown comparison " + op);
  }

  function arithmetic(op, a, b) {
    if (typeof known(a) !== "number" || typeof known(b) !== "number") throw new Unanswered();
    switch (op) {
      case "+": return a + b;
      case "-": return a - b;
      case "*": return a * b;
      case "/":
        if (b === 0) throw new Unanswered();
        return a / b;
    }
    throw new Error("unknown operator " + op);
  }

  /** Today where the portal is, not where the browser is. */
  function today() {
    return new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());
  }

  function call(name, args) {
    args.forEach(known);
    var values = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
    switch (name) {
      case "len": return args[0].length;
      case "min": if (!values.length) throw new Unanswered(); return values.reduce(function (a, b) { return compare("<", b, a) ? b : a; });
      case "max": if (!values.length) throw new Unanswered(); return values.reduce(function (a, b) { return compare(">", b, a) ? b : a; });
      case "sum": return values.reduce(function (a, b) { return arithmetic("+", a, b); }, 0);
      case "section": return args[0].slice(0, 1);
      case "today": return today();
      case "now": return today() + "T" + new Date().toLocaleTimeString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(0, 5);
    }
    throw new Error("unknown function " + name);
  }

  /** The value of an expression tree; `look` gives the value of a name. */
  function evaluate(node, look) {
    function value(n) { return evaluate(n, look); }
    var rest = node.slice(1);
    switch (node[0]) {
      case "const": return node[1];
      case "name": return look(node[1]);
      case "column": return look(node[1], node[2]);
      case "not": return !truthy(value(node[1]));
      case "and": return rest.every(function (n) { return truthy(value(n)); });
      case "or": return rest.some(function (n) { return truthy(value(n)); });
      case "cmp": return compare(node[1], value(node[2]), value(node[3]));
      case "bin": return arithmetic(node[1], value(node[2]), value(node[3]));
      case "neg": return arithmetic("-", 0, value(node[1]));
      case "list": return rest.map(value);
      case "call": return call(node[1], node.slice(2).map(value));
    }
    throw new Error("unknown node " + node[0]);
  }

  function holds(tree, look) {
    try {
      return truthy(evaluate(tree, look));
    } catch (stop) {
      if (stop instanceof Unanswered) return false;
      console.error(stop);                     // in doubt the field is shown: the server decides
      return true;
    }
  }

  /** What is hidden for an element: the field's whole block, when the condition stands on its input. */
  function blockOf(element) {
    if (!element.matches("input, select, textarea")) return element;
    return element.closest("[id^='div_id_']") || element.closest(".mb-3") || element;
  }

  function setShown(block, shown) {
    if (block.hidden === !shown) return;
    block.hidden = !shown;
    var controls = block.matches("input, select, textarea, button") ? [block] : block.querySelectorAll("input, select, textarea, button");
    each(controls, function (control) {
      if (!shown && !control.disabled) {
        control.disabled = true;                 // so that neither its value nor its `required` counts; what was typed stays
        control.dataset.offBy = "condition";
      } else if (shown && control.dataset.offBy === "condition" && !control.closest("[hidden]")) {
        control.disabled = false;
        delete control.dataset.offBy;
      }
    });
  }

  /** "months-3-" for an element of the fourth row of a group: names are looked up in its own row first. */
  function rowOf(element) {
    var row = element.closest("[data-row]");
    return row ? row.closest("[data-group]").dataset.group + "-" + row.dataset.row + "-" : "";
  }

  function has(form, name) {
    return Array.prototype.some.call(form.elements, function (c) { return c.name === name; });
  }

  function startConditions(form) {
    var rules = [];
    function find() {
      rules = rules.filter(function (r) { return document.contains(r.block); });
      var outside = form.id ? document.querySelectorAll("[data-shown-if][data-form='" + form.id + "']") : [];
      each(Array.prototype.concat.call(slice(form.querySelectorAll("[data-shown-if]")), slice(outside)), function (element) {
        var block = blockOf(element);
        if (rules.some(function (r) { return r.block === block; })) return;
        try {
          rules.push({ block: block, tree: JSON.parse(element.dataset.shownIf) });
        } catch (error) {
          console.error("data-shown-if is not JSON", element, error);
        }
      });
    }
    find();
    if (!rules.length && !form.querySelector("[data-group]")) return;
    function refresh() {
      for (var pass = 0; pass < 5; pass += 1) {            // a field that appears may make another appear
        var changed = false;
        rules.forEach(function (rule) {
          var row = rowOf(rule.block);
          var shown = holds(rule.tree, function (name, column) {
            if (column) return columnOf(form, name, column);
            return valueOf(form, row && has(form, row + name) ? row + name : name);
          });
          if (rule.block.hidden === shown) changed = true;
          setShown(rule.block, shown);
        });
        if (!changed) return;
      }
    }
    form.addEventListener("input", refresh);
    form.addEventListener("change", refresh);
    form.addEventListener("rows", function () { find(); refresh(); });
    form.addEventListener("reset", function () { setTimeout(refresh); });
    window.addEventListener("pageshow", refresh);
    refresh();
  }

  /* -- uploads ------------------------------------------------------------------------------------------- */

  var AT_ONCE = 2;
  var waiting = [];
  var running = 0;

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

  function startUploads(form) {
    var input = form.querySelector("input[type=file]");
    if (!input) return;
    var home = form.closest("[data-requirement]") || form.parentElement;
    var list = home.querySelector("[data-file-list]");
    if (!list) {
      list = make("ul", "files");
      list.setAttribute("data-file-list", "");
      form.before(list);
    }
    var live = form.querySelector("[aria-live]");
    if (!live) {
      live = make("p", "visually-hidden");
      live.setAttribute("aria-live", "polite");
      form.append(live);
    }

    function text(key, values) {
      var found = form.dataset["text" + key] || "";
      Object.keys(values || {}).forEach(function (k) { found = found.replace("{" + k + "}", values[k]); });
      return found;
    }

    /** Said to a screen reader; several files may have news at the same moment, so each is a line of its own. */
    function announce(file, message) {
      var line = make("span", "", file.name + ": " + message + " ");
      live.append(line);
      setTimeout(function () { line.remove(); }, 10000);
    }

    function send(file) {
      var row = make("li", "file-row");
      var kind = make("span", "kind");
      kind.setAttribute("aria-hidden", "true");
      kind.textContent = (file.name.split(".").pop() || "").slice(0, 4).toUpperCase();
      kind.classList.add("small");
      var body = make("div");
      body.append(make("span", "file-name", file.name));
      var meta = make("span", "file-meta");
      var state = make("span", "file-state");
      meta.append(make("span", "num", sizeText(file.size)), state);
      body.append(meta);
      var acts = make("div", "file-acts");
      var bar = make("progress", "bar");
      bar.max = 100;
      bar.setAttribute("aria-label", file.name);
      row.append(kind, body, acts, bar);
      list.append(row);

      function button(key, act) {
        var b = make("button", "btn btn-link btn-sm", text(key));
        b.type = "button";
        b.setAttribute("aria-label", text(key) + " " + file.name);
        b.addEventListener("click", act);
        acts.append(b);
        return b;
      }

      function say(message, aloud) {
        state.textContent = message;
        if (aloud) announce(file, message);
      }

      /** The file did not arrive: say why; offer another try when a try may help. */
      function refuse(message, again) {
        var hadFocus = row.contains(document.activeElement);
        row.classList.add("is-refused");
        bar.hidden = true;
        acts.replaceChildren();
        say(message, true);
        if (again) button("Retry", function () { row.classList.remove("is-refused"); attempt(); });
        button("Dismiss", function () { row.remove(); input.focus(); });
        if (hadFocus) acts.firstChild.focus();
      }

      function keep(answer) {
        var hadFocus = row.contains(document.activeElement);
        var holder = document.createElement("template");
        holder.innerHTML = answer.html.trim();
        var saved = holder.content.firstElementChild;
        if (answer.replace) each(list.querySelectorAll(".is-saved, .is-refused"), function (old) { old.remove(); });
        var twin = saved.id && document.getElementById(saved.id);
        if (twin) twin.remove();
        row.replaceWith(saved);
        if (answer.status_html) {
          var spot = home.querySelector("[data-requirement-status]");
          if (spot) spot.innerHTML = answer.status_html;
        }
        announce(file, text("Saved"));
        if (hadFocus) input.focus();
        form.dispatchEvent(new CustomEvent("portal:uploaded", { bubbles: true, detail: { answer: answer, row: saved } }));
      }

      function attempt() {
        acts.replaceChildren();
        bar.hidden = false;
        bar.removeAttribute("value");
        say(text("Waiting"));
        var limit = Number(form.dataset.maxBytes || 0);
        if (limit && file.size > limit) { refuse(text("TooLarge", { max: sizeText(limit) }), false); return; }
        if (!file.size) { refuse(text("Empty"), false); return; }

        var xhr = null;
        var cancelled = false;
        button("Cancel", function () {
          cancelled = true;
          if (xhr) xhr.abort();
          else { waiting.splice(waiting.indexOf(start), 1); }
          row.remove();
          announce(file, text("Cancelled"));
          input.focus();
        });

        function start() {
          xhr = new XMLHttpRequest();
          var data = new FormData();
          each(form.querySelectorAll("input[type=hidden]"), function (h) { data.append(h.name, h.value); });
          data.append(input.name, file, file.name);
          xhr.open("POST", form.action);
          xhr.setRequestHeader("X-Requested-With", "XMLHttpRequest");
          xhr.setRequestHeader("Accept", "application/json");
          var token = form.querySelector("[name=csrfmiddlewaretoken]");
          if (token) xhr.setRequestHeader("X-CSRFToken", token.value);
          xhr.upload.addEventListener("progress", function (event) {
            if (!event.lengthComputable) return;
            var percent = Math.min(100, Math.floor(event.loaded / event.total * 100));
            bar.value = percent;
            say(text("Uploading", { percent: percent }));
          });
          xhr.upload.addEventListener("load", function () { bar.removeAttribute("value"); say(text("Checking"), true); });
          xhr.addEventListener("load", function () {
            var answer = null;
            try { answer = JSON.parse(xhr.responseText); } catch (error) { answer = null; }
            if (answer && answer.ok && answer.html) keep(answer);
            else if (answer && answer.message) refuse(text("Refused", { reason: answer.message }), xhr.status >= 500 || xhr.status === 429);
            else if (xhr.status === 413) refuse(text("TooLarge", { max: sizeText(limit) }), false);
            else if (xhr.status === 401 || xhr.status === 403 || xhr.status === 200) refuse(text("SignIn"), true);
            else refuse(text("Failed"), true);
          });
          xhr.addEventListener("error", function () { refuse(text("Failed"), true); });
          xhr.addEventListener("timeout", function () { refuse(text("Failed"), true); });
          xhr.addEventListener("loadend", finished);
          if (cancelled) { finished(); return; }
          say(text("Uploading", { percent: 0 }), true);
          xhr.send(data);
        }
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

    input.addEventListener("change", function () {
      sendAll(input.files);
      input.value = "";                       // so that the same file can be chosen again
    });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (input.files.length) { sendAll(input.files); input.value = ""; } else { input.click(); }
    });
    each(form.querySelectorAll("[type=submit]"), function (b) { b.hidden = true; });
    input.required = false;

    var zone = form.querySelector("[data-dropzone]") || (form.matches("[data-dropzone]") ? form : null);
    if (!zone) return;
    var depth = 0;
    function hasFiles(event) { return event.dataTransfer && Array.prototype.indexOf.call(event.dataTransfer.types, "Files") !== -1; }
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

  /* -- once ---------------------------------------------------------------------------------------------- */

  function buttonsOf(form) {
    return Array.prototype.filter.call(form.elements, function (c) { return c.type === "submit"; });
  }

  function startOnce(form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      setTimeout(function () {                 // after the browser has taken the clicked button's name and value
        if (event.defaultPrevented) return;
        buttonsOf(form).forEach(function (b) { b.disabled = true; });
        var by = event.submitter;
        if (by) by.setAttribute("aria-busy", "true");
      });
      if (!event.defaultPrevented) form.dataset.sent = "yes";
    });
  }

  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    each(document.querySelectorAll("form[data-once]"), function (form) {
      delete form.dataset.sent;
      buttonsOf(form).forEach(function (b) { b.disabled = false; b.removeAttribute("aria-busy"); });
    });
  });

  /* -- small comforts ------------------------------------------------------------------------------------ */

  /** Due times are in working time, which a browser can't count; it can only tell when the hour has passed. */
  function refreshChips() {
    var now = Date.now();
    each(document.querySelectorAll("time[data-countdown]"), function (time) {
      var at = Date.parse(time.getAttribute("datetime"));
      if (!at || at > now) return;
      var chip = time.closest(".due") || time;
      chip.classList.remove("due-ok", "due-soon");
      chip.classList.add("due-late");
      var label = chip.querySelector("[data-due-label]");
      if (label && time.dataset.textLate) label.textContent = time.dataset.textLate;
    });
  }

  function startMenus() {
    document.addEventListener("click", function (event) {
      each(document.querySelectorAll("details.menu[open]"), function (menu) {
        if (!menu.contains(event.target)) menu.open = false;
      });
    });
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") return;
      each(document.querySelectorAll("details.menu[open]"), function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    });
  }

  function start() {
    each(document.forms, startConditions);
    each(document.querySelectorAll("form[data-upload]"), startUploads);
    each(document.querySelectorAll("form[data-once]"), startOnce);
    each(document.querySelectorAll("[data-print]"), function (b) { b.addEventListener("click", function () { window.print(); }); });
    startMenus();
    refreshChips();
    setInterval(refreshChips, 30000);
    var summary = document.querySelector(".error-summary");
    if (summary) summary.focus();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();

  window.portal = { holds: holds };             // for tests of the expression tree
}());
