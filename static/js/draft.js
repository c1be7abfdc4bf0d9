/*
 * A section of a draft saves itself while one types (htmx posts it, see filing/fill.html). While there is no connection,
 * what is typed is kept in this browser and sent again; after a reload it is put back. Another window's or device's text
 * is never overwritten: the server answers 409 and says so.
 */
(function () {
  "use strict";

  var PAUSE = 1500, AGAIN = 5000;
  var SKIPPED = ["csrfmiddlewaretoken", "state", "then", "autosave", "rows"];

  function start() {
    var form = document.querySelector("form[data-draft]");
    var place = document.getElementById("autosave");
    if (!form || !place || !window.htmx) return;
    var key = "draft:" + form.dataset.draft;
    var timer = null, typed = 0, sent = 0, submitting = false;

    function content() {
      return Array.prototype.filter.call(new FormData(form).entries ? Array.from(new FormData(form).entries()) : [],
        function (pair) { return SKIPPED.indexOf(pair[0]) === -1 && typeof pair[1] === "string"; });
    }
    function keep() {
      try { localStorage.setItem(key, JSON.stringify({ at: Date.now(), typed: content() })); } catch (full) { /* the server has the last saved */ }
    }
    function forget() {
      try { localStorage.removeItem(key); } catch (denied) { /* nothing was kept either */ }
    }
    function later(after) {
      clearTimeout(timer);
      timer = setTimeout(function () {
        if (submitting) return;
        sent = typed;
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
    form.addEventListener("submit", function () { submitting = true; clearTimeout(timer); });
    window.addEventListener("pageshow", function () { submitting = false; });
    window.addEventListener("online", function () { if (sent < typed || localStorage.getItem(key)) later(0); });

    document.addEventListener("htmx:after:request", function (event) {
      var ctx = event.detail && event.detail.ctx;
      var status = ctx && ctx.response && ctx.response.status;
      if (status === 200) {
        if (sent === typed) forget();
        else later(PAUSE);
      } else if (!status || status >= 500 || status === 403) offline();
    });
    document.addEventListener("htmx:error", offline);

    restore();

    /** What a broken connection left behind in this browser, put back once. */
    function restore() {
      var kept;
      try { kept = JSON.parse(localStorage.getItem(key) || "null"); } catch (damaged) { kept = null; }
      if (!kept || form.querySelector(".is-invalid")) return;
      var now = JSON.stringify(content());
      var byName = {};
      kept.typed.forEach(function (pair) { (byName[pair[0]] = byName[pair[0]] || []).push(pair[1]); });
      Array.prototype.forEach.call(form.elements, function (control) {
        if (!control.name || SKIPPED.indexOf(control.name) !== -1 || control.type === "file" || control.type === "hidden") return;
        var values = byName[control.name] || [];
        if (control.type === "checkbox" || control.type === "radio") control.checked = values.indexOf(control.value) !== -1;
        else if (values.length) control.value = values[0];
      });
      if (JSON.stringify(content()) === now) { forget(); return; }
      form.dispatchEvent(new Event("input", { bubbles: true }));
      var line = place.querySelector("span") || place.appendChild(document.createElement("span"));
      line.textContent = place.dataset.textFound;
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());
