/*
 * A thread stays true while its page is open: htmx fetches it anew now and then (thread.html), as the number on the bell (unread.js).
 */
(function () {
  "use strict";

  var place = document.querySelector("[data-refresh]");
  if (place && window.htmx) window.whileLookedAt(place, function () { window.htmx.trigger(place, "refresh"); });
}());
