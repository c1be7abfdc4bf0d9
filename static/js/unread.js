/*
 * The number on the bell stays true while a page is open: htmx fetches it anew now and then (see base.html). Nobody asks
 * while the page is hidden or after signing out; it is asked at once when the page is looked at again.
 */
(function () {
  "use strict";

  var PAUSE = 30000;

  function start() {
    var place = document.getElementById("unread");
    if (!place || !window.htmx) return;
    var timer = null, over = false;

    function ask() { window.htmx.trigger(place, "unread"); }
    function wait() {
      clearInterval(timer);
      timer = document.hidden || over ? null : setInterval(ask, PAUSE);
    }

    document.addEventListener("visibilitychange", function () {
      if (!document.hidden && !over) ask();
      wait();
    });
    place.addEventListener("htmx:after:request", function (event) {
      var answer = event.detail.ctx && event.detail.ctx.response;
      if (answer && answer.raw && answer.raw.status === 401) { over = true; wait(); }
    });
    wait();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());
