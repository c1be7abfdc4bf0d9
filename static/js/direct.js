/*
 * A large file on its way to the storage itself, in parts (portal/views/direct.py): the portal signs an address for each part and takes
 * the file in at the end. Told and asked as by tus.js, which the file goes by when the storage can't be reached from here.
 */
(function () {
  "use strict";

  var LEAST = 1024 * 1024;                          // smaller files go by tus.js, in fewer requests
  var REFUSED = 3;                                  // parts that fail while the portal answers: the storage isn't to be had from here

  function sender(file, options) {
    var refused = 0;
    var on = window.tus.trip(file, options, { go: go, lost: function () {}, direct: true });

    function ask(method, url, form, done) { return window.tus.ask(method, url, on.headers(), done, form); }

    function go() {
      if (on.known()) { on.xhr = ask("GET", on.url + "direct/", null, told); return; }
      var form = new FormData();
      form.set("name", file.name);
      form.set("size", String(file.size));
      on.xhr = ask("POST", options.direct, form, function (answer) {
        if (on.failed(answer)) return;
        on.url = answer.getResponseHeader("Location") || "";
        told(answer);
      });
    }

    function told(answer) {
      if (on.failed(answer)) return;
      var state = window.tus.answerOf(answer);
      if (!on.url || !state.to) { on.refused(null, true); return; }  // the log-in page
      var sent = state.arrived.reduce(function (sum, number) { return sum + sizeOf(number, state.part); }, 0);
      on.keep(sent);
      options.progress(sent);
      next(state, Object.keys(state.to).map(Number).sort(function (a, b) { return a - b; }), sent);
    }

    function sizeOf(number, part) { return Math.min(part, file.size - (number - 1) * part); }

    function next(state, missing, sent) {
      if (on.isOver()) return;
      if (!missing.length) {
        options.checking();
        on.xhr = ask("POST", on.url + "direct/", new FormData(), on.concluded);
        return;
      }
      var number = missing[0], size = sizeOf(number, state.part), began = (number - 1) * state.part;
      var xhr = on.xhr = new XMLHttpRequest();
      xhr.open("PUT", state.to[number]);
      xhr.upload.addEventListener("progress", function (event) { options.progress(sent + event.loaded); });
      xhr.addEventListener("loadend", function () {
        if (on.isOver()) return;
        if (xhr.status < 200 || xhr.status >= 300) { notTaken(); return; }
        on.moved();
        refused = 0;
        on.keep(sent + size);
        next(state, missing.slice(1), sent + size);
      });
      xhr.send(file.slice(began, began + size));
    }

    /** Is it the line, or the storage alone? Where the portal answers all the same, the file goes through it. */
    function notTaken() {
      refused += navigator.onLine === false ? 0 : 1;
      if (refused < REFUSED) { on.later(); return; }
      ask("GET", on.url + "direct/", null, function (answer) {
        if (on.isOver()) return;
        if (answer.status !== 200) { on.later(); return; }
        on.stop(function () {
          on.forgotten();
          options.fallback();
        });
      });
    }

    return on.sender;
  }

  window.direct = { sender: sender, least: LEAST };
}());
