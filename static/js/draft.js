/*
 * A section of a draft saves itself while one types (htmx posts it, see filing/fill.html). While there is no connection,
 * what is typed is kept in this browser and sent again; after a reload it is put back, rows of groups too. Another window's
 * or device's text is never overwritten: each save names the state it was typed against (what is put back, that of then),
 * and the server answers 409 and says so.
 */
(function () {
  "use strict";

  var PAUSE = 1500, AGAIN = 5000;
  var SKIPPED = ["csrfmiddlewaretoken", "state", "then", "autosave", "rows"];

  function start() {
    var form = document.querySelector("form[data-draft]");
    var place = document.getElementById("autosave");
    if (!form || !place || !window.htmx) return;
    var said = document.querySelector("[data-saves-itself]");
    if (said) said.hidden = false; // only now is it true
    var key = "draft:" + form.dataset.draft;
    var timer = null, typed = 0, sent = 0, submitting = false, onItsWay = false, waiting = null;

    function state() { return form.querySelector("[name=state]"); }
    function content() {
      return Array.prototype.filter.call(new FormData(form).entries ? Array.from(new FormData(form).entries()) : [],
        function (pair) { return SKIPPED.indexOf(pair[0]) === -1 && typeof pair[1] === "string"; });
    }
    function keep() {
      try { localStorage.setItem(key, JSON.stringify({ at: Date.now(), state: state().value, typed: content() })); } catch (full) { /* the server has the last saved */ }
    }
    function forget() {
      try { localStorage.removeItem(key); } catch (denied) { /* nothing was kept either */ }
    }
    function later(after) {
      clearTimeout(timer);
      timer = setTimeout(function () {
        if (submitting || waiting) return;
        sent = typed;
        onItsWay = true;
        window.htmx.trigger(place, "save");
      }, after);
    }
    function offline() {
      keep();
      var line = place.querySelector("span") || place.appendChild(document.createElement("span"));
      line.className = "autosave-bad";
      line.textContent = place.dataset.textOffline;
      later(AGAIN);
    }

    form.addEventListener("input", function () {
      typed += 1;
      keep();
      later(PAUSE);
    });
    // A save on its way brings the state that the button's save has to name: without it the page would be in its own way.
    form.addEventListener("submit", function (event) {
      clearTimeout(timer);
      if (onItsWay) {
        event.preventDefault();
        waiting = event.submitter || form.querySelector("button[type=submit]");
        setTimeout(arrived, AGAIN);
        return;
      }
      submitting = true;
    });
    function arrived() {
      onItsWay = false;
      if (!waiting) return;
      var button = waiting;
      waiting = null;
      form.requestSubmit(button);
    }
    window.addEventListener("pageshow", function () { submitting = false; });
    window.addEventListener("online", function () { if (sent < typed || localStorage.getItem(key)) later(0); });

    document.addEventListener("htmx:after:request", function (event) {
      var ctx = event.detail && event.detail.ctx;
      var status = ctx && ctx.response && ctx.response.status;
      if (waiting) { setTimeout(arrived); return; }         // when the answer is on the page
      onItsWay = false;
      if (status === 200) {
        if (sent === typed) forget();
        else later(PAUSE);
      } else if (!status || status >= 500 || status === 403) offline();
    });
    document.addEventListener("htmx:error", function () { if (waiting) arrived(); else { onItsWay = false; offline(); } });

    setTimeout(restore);                                     // when the rows of groups can be added

    /** Give each group as many rows as were typed; the names that the controls of those rows have now. */
    function asManyRows(pairs) {
      var names = {};
      Array.prototype.forEach.call(form.querySelectorAll("[data-group]"), function (group) {
        var key = group.dataset.group, add = group.querySelector("[data-add-row]"), rows = group.querySelector("[data-rows]");
        var wanted = [];
        pairs.forEach(function (pair) {
          var found = pair[0].indexOf(key + "-") === 0 && /^\d+(?=-)/.exec(pair[0].slice(key.length + 1));
          if (found && wanted.indexOf(found[0]) === -1) wanted.push(found[0]);
        });
        if (!rows || !wanted.length) return;
        while (add && rows.children.length < wanted.length && !add.hidden) add.click();
        while (rows.children.length > wanted.length) rows.lastElementChild.remove();
        wanted.forEach(function (index, place) {
          if (rows.children[place]) names[key + "-" + index] = key + "-" + rows.children[place].dataset.row;
        });
      });
      if (document.activeElement && form.contains(document.activeElement)) document.activeElement.blur();
      return function (name) {
        var row = /^[a-z0-9_]+-\d+(?=-)/.exec(name);
        return row && names[row[0]] ? names[row[0]] + name.slice(row[0].length) : name;
      };
    }

    /** What a broken connection left behind in this browser, put back once. */
    function restore() {
      var kept;
      try { kept = JSON.parse(localStorage.getItem(key) || "null"); } catch (damaged) { kept = null; }
      if (!kept || form.querySelector(".is-invalid")) return;
      var now = JSON.stringify(content());
      var byName = {};
      var renamed = asManyRows(kept.typed);
      kept.typed.forEach(function (pair) {
        var name = renamed(pair[0]);
        (byName[name] = byName[name] || []).push(pair[1]);
      });
      Array.prototype.forEach.call(form.elements, function (control) {
        if (!control.name || SKIPPED.indexOf(control.name) !== -1 || control.type === "file" || control.type === "hidden") return;
        var values = byName[control.name] || [];
        if (control.type === "checkbox" || control.type === "radio") control.checked = values.indexOf(control.value) !== -1;
        else if (values.length) control.value = values[0];
      });
      if (JSON.stringify(content()) === now) { forget(); return; }
      if (kept.state) state().value = kept.state;            // somebody may have saved something else since
      form.dispatchEvent(new Event("input", { bubbles: true }));
      var line = place.querySelector("span") || place.appendChild(document.createElement("span"));
      line.textContent = place.dataset.textFound;
    }
  }

  if (document.readyState !== "complete") document.addEventListener("DOMContentLoaded", start);
  else start();
}());
