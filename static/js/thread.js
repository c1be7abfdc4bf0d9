/*
 * A thread stays true while its page is open: htmx fetches it anew now and then (thread.html), and at once when the page
 * is looked at again. Nobody asks while it is hidden or after signing out.
 */
(function () {
  "use strict";

  var PAUSE = 30000;
  var place = document.querySelector("[data-refresh]");
  if (!place || !window.htmx) return;
  var timer = null, over = false;

  function ask() { window.htmx.trigger(place, "refresh"); }
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
}());
