/*
 * The number on the bell stays true while a page is open: htmx fetches it anew now and then (see base.html). Nobody asks
 * while the page is hidden or after signing out; it is asked at once when the page is looked at again. In the review
 * desk, whose menu isn't ours, the number is put behind the menu's link to the inbox.
 */
(function () {
  "use strict";

  var PAUSE = 30000;

  function start() {
    var place = document.getElementById("unread");
    var link = place ? null : document.querySelector("#nav-sidebar-apps a[href='/inbox/']");
    if (!link && !(place && window.htmx)) return;
    var timer = null, over = false;

    function ask() {
      if (!link) { window.htmx.trigger(place, "unread"); return; }
      fetch("/inbox/unread/", { headers: { "HX-Request": "true" } }).then(function (answer) {
        if (answer.status === 401) { over = true; wait(); }
        return answer.status === 200 ? answer.text() : null;
      }).then(function (text) { if (text !== null) place.innerHTML = text; }, function () { /* no connection: next time */ });
    }
    function wait() {
      clearInterval(timer);
      timer = document.hidden || over ? null : setInterval(ask, PAUSE);
    }

    document.addEventListener("visibilitychange", function () {
      if (!document.hidden && !over) ask();
      wait();
    });
    if (link) {
      place = link.appendChild(document.createElement("span"));
      place.id = "unread";
      ask();
    }
    place.addEventListener("htmx:after:request", function (event) {
      var answer = event.detail.ctx && event.detail.ctx.response;
      if (answer && answer.raw && answer.raw.status === 401) { over = true; wait(); }
    });
    wait();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());
