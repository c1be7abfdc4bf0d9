/*
 * The portal's only script: fields that depend on others, submit-once, small comforts (uploads: upload.js).
 * Every page works without it. No inline code, no eval: the CSP is `script-src 'self'`.
 *
 *  conditions   [data-shown-if='["cmp", ">", ["name", "n"], ["const", 0]]']  on a field or on any element around fields
 *  once         <form data-once>
 *  chips        <time data-countdown datetime="…" data-text-late="…">
 *  countdown    <strong data-left="4800" data-open="3600" data-text-hours="…" data-text-whole="…" data-text-minutes="…">   seconds
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
      Object.keys(localStorage).forEach(function (key) { if (/^(draft|upload):/.test(key)) localStorage.removeItem(key); });
      Object.keys(sessionStorage).forEach(function (key) { if (key.indexOf("desk:") === 0) sessionStorage.removeItem(key); });
    } catch (denied) { /* then nothing was kept */ }
  });

  /* -- another language: the page comes anew, and what was typed on it is put back, once -------------------------------- */

  function typedHere() {
    var found = [];
    each(document.querySelectorAll("main form[method=post]"), function (form, at) {
      each(form.elements, function (c) {
        if (c.name && c.type !== "hidden" && c.type !== "password" && c.type !== "file" && c.tagName !== "BUTTON") found.push([at, c]);
      });
    });
    return found;
  }

  var SWITCHED = "switch:" + location.pathname;
  document.addEventListener("submit", function (event) {
    if (!/\/language\/$/.test(event.target.action)) return;
    var kept = typedHere().map(function (one) {
      return [one[0], one[1].name, one[1].type === "checkbox" || one[1].type === "radio" ? one[1].checked : one[1].value];
    });
    try { sessionStorage.setItem(SWITCHED, JSON.stringify(kept)); } catch (denied) { /* then the page comes as it was saved */ }
  });

  function putBack() {
    var kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(SWITCHED));
      sessionStorage.removeItem(SWITCHED);
    } catch (denied) { /* nothing was kept */ }
    if (!kept) return;
    typedHere().forEach(function (one, n) {
      var c = one[1], was = kept[n];
      if (!was || was[0] !== one[0] || was[1] !== c.name) return;
      if (c.type === "checkbox" || c.type === "radio") c.checked = was[2];
      else c.value = was[2];
      c.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

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

  /** Working time that is left, as long as the offices are open: the server says how much, and until when they are. */
  function countDown(element) {
    var left = Number(element.dataset.left), open = Number(element.dataset.open), begun = performance.now();
    function show() {
      var gone = Math.min((performance.now() - begun) / 1000, open);
      var minutes = Math.max(0, Math.ceil((left - gone) / 60));
      var said = element.dataset;
      var words = minutes < 60 ? said.textMinutes : minutes % 60 ? said.textHours : said.textWhole;
      var text = words.replace("{h}", Math.floor(minutes / 60)).replace("{m}", minutes % 60);
      if (element.textContent !== text) element.textContent = text;
    }
    if (left <= 7 * 3600) { show(); setInterval(show, 10000); }     // what is left for days is said in days, by the server
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
    putBack();
    each(document.forms, startConditions);
    each(document.querySelectorAll("form[data-once]"), startOnce);
    each(document.querySelectorAll("[data-print]"), function (b) { b.addEventListener("click", function () { window.print(); }); });
    startMenus();
    each(document.querySelectorAll("[data-left]"), countDown);
    refreshChips();
    setInterval(refreshChips, 30000);
    var summary = document.querySelector(".error-summary");
    if (summary) summary.focus();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();

  window.portal = { holds: holds };             // for tests of the expression tree
}());
