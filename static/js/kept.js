/*
 * What an official types on a review page and has not sent stays in this tab: a reload, the back button, a log-in in between
 * or a lost connection take nothing of it. It is put back with a word about it; it is gone with the tab, with signing out,
 * or after a day. And a page that is the answer to a form is a page like any other from then on: neither reload nor the
 * back button asks whether to send the form again.
 *
 *  <main data-events="12">      how many events the application has: an act that was taken is one more
 *  <form data-keep="7:31:act">  its key: whose, of which task, which form
 *        data-typed             the server refused it, and put back itself what was typed
 *    <input type="hidden" data-kept-too>   put back all the same; "desk:room" asks a page's script for a control that isn't there,
 *                                          "desk:put-back" tells it that everything is
 *        data-repeats           it can be there again after it was taken, and then begins empty
 *    <p data-kept hidden> … <button type="button" data-kept-drop>
 */
(function () {
  "use strict";

  var PREFIX = "desk:", LASTS = 24 * 3600 * 1000;
  var SKIPPED = ["csrfmiddlewaretoken", "seen", "act", "shown_at"];

  function each(list, fn) { Array.prototype.forEach.call(list, fn); }
  function stored(work) { try { return work(window.sessionStorage); } catch (denied) { return null; } }
  function forget(key) { stored(function (store) { store.removeItem(key); }); }
  function ours(fn) { stored(function (store) { Object.keys(store).filter(function (key) { return key.indexOf(PREFIX) === 0; }).forEach(fn); }); }
  function read(key) { return stored(function (store) { return JSON.parse(store.getItem(key)); }); }
  function content(form) {
    return Array.from(new FormData(form)).filter(function (pair) { return SKIPPED.indexOf(pair[0]) < 0 && typeof pair[1] === "string"; });
  }

  /** Rows that the page's script added are added again. */
  function makeRoom(form, names) {
    names.forEach(function (name) {
      var row = /^(?:text|number)-row-(.+)-(\d+)$/.exec(name);
      for (var n = 0; row && !form.elements[name] && n < 30; n += 1) {
        var lines = form.querySelectorAll("[data-line-of='" + row[1] + "']");
        var more = lines.length && lines[lines.length - 1].nextElementSibling;
        if (!more || !more.classList.contains("rv-more")) return;
        more.click();
      }
      if (!row && !form.elements[name]) form.dispatchEvent(new CustomEvent("desk:room", { detail: name }));
    });
  }

  function putBack(form, typed) {
    var byName = {};
    typed.forEach(function (pair) { (byName[pair[0]] = byName[pair[0]] || []).push(pair[1]); });
    makeRoom(form, Object.keys(byName));
    each(form.elements, function (control) {
      if (!control.name || SKIPPED.indexOf(control.name) >= 0 || (control.type === "hidden" && control.dataset.keptToo === undefined)) return;
      var said = byName[control.name] || [];
      if (control.type === "checkbox" || control.type === "radio") control.checked = said.indexOf(control.value) >= 0;
      else control.value = said.shift() || "";
    });
    each(form.querySelectorAll("details"), function (part) {
      part.open = part.open || Array.prototype.some.call(part.querySelectorAll("input"), function (c) { return c.type === "checkbox" ? c.checked : c.value; });
    });
    if (form.closest("details")) form.closest("details").open = true;
    form.dispatchEvent(new CustomEvent("desk:put-back"));
    document.activeElement.blur();  // a row that was added has taken the focus
  }

  function start() {
    document.addEventListener("submit", function (event) {
      if (/\/logout\/$/.test(event.target.action)) ours(forget);
    });
    ours(function (key) { if (!(Date.now() - (read(key) || {}).at < LASTS)) forget(key); });
    var forms = document.querySelectorAll("form[data-keep]");
    var page = document.querySelector("[data-events]");
    if (!forms.length) return;
    window.history.replaceState(window.history.state, "", location.href);

    each(forms, function (form) {
      var key = PREFIX + form.dataset.keep, note = form.querySelector("[data-kept]"), events = page.dataset.events;
      var untouched = JSON.stringify(content(form)), kept = read(key);

      function keep(sent) {
        var typed = content(form);
        if (JSON.stringify(typed) === untouched && form.dataset.typed === undefined) forget(key);
        else stored(function (store) { store.setItem(key, JSON.stringify({ at: Date.now(), sent: sent, typed: typed })); });
      }

      if (form.dataset.typed !== undefined) keep();
      else if (kept && kept.sent && kept.sent !== events && form.dataset.repeats !== undefined) forget(key);
      else if (kept) { putBack(form, kept.typed); note.hidden = false; keep(); }

      form.addEventListener("input", function () { keep(); });
      form.addEventListener("submit", function () { keep(events); });
      note.querySelector("[data-kept-drop]").addEventListener("click", function () {
        form.reset();
        forget(key);
        note.hidden = true;
        form.querySelector("input:not([type=hidden]), select, textarea").focus();
      });
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());
