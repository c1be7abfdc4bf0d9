/*
 * The number on the bell stays true while a page is open: htmx fetches it anew now and then (see base.html). Nobody asks
 * while the page is hidden or after signing out; it is asked at once when the page is looked at again. In the review
 * desk, whose menu isn't ours, the number is put behind the menu's link to the inbox.
 */
(function () {
  "use strict";

  var PAUSE = 30000;

  /** `ask` now and then while the page is looked at, until htmx's request at `place` finds nobody signed in; gives what ends it. */
  window.whileLookedAt = function (place, ask) {
    var timer = null, over = false;

    function wait() {
      clearInterval(timer);
      timer = document.hidden || over ? null : setInterval(ask, PAUSE);
    }
    function end() { over = true; wait(); }

    document.addEventListener("visibilitychange", function () {
      if (!document.hidden && !over) ask();
      wait();
    });
    place.addEventListener("htmx:after:request", function (event) {
      var answer = event.detail.ctx && event.detail.ctx.response;
      if (answer && answer.raw && answer.raw.status === 401) end();
    });
    wait();
    return end;
  };

  function start() {
    var place = document.getElementById("unread");
    var link = place ? null : document.querySelector("#nav-sidebar-apps a[href='/inbox/']");
    if (!link && !(place && window.htmx)) return;
    if (!link) { window.whileLookedAt(place, function () { window.htmx.trigger(place, "unread"); }); return; }

    place = link.appendChild(document.createElement("span"));
    place.id = "unread";
    var end = window.whileLookedAt(place, ask);
    function ask() {
      fetch("/inbox/unread/", { headers: { "HX-Request": "true" } }).then(function (answer) {
        if (answer.status === 401) end();
        return answer.status === 200 ? answer.text() : null;
      }).then(function (text) { if (text !== null) place.innerHTML = text; }, function () { /* no connection: next time */ });
    }
    ask();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());
