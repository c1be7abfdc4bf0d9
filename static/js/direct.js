/*
 * A large file on its way to the storage itself, in parts (portal/views/direct.py): the portal signs an address for each part and takes
 * the file in at the end. Told and asked as by tus.js, which the file goes by when the storage can't be reached from here.
 */
(function () {
  "use strict";

  var PREFIX = "upload:";
  var LEAST = 1024 * 1024;                          // smaller files go by tus.js, in fewer requests
  var TRIES = 12;                                   // in a row, without a part's progress
  var REFUSED = 3;                                  // parts that fail while the portal answers: the storage isn't to be had from here

  function stored(key, value) {
    try {
      if (value === undefined) return JSON.parse(localStorage.getItem(key));
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
    } catch (denied) { /* then a reload begins anew */ }
    return null;
  }

  function ask(method, url, token, form, done) {
    var xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    xhr.setRequestHeader("X-CSRFToken", token);
    xhr.setRequestHeader("Tus-Resumable", "1.0.0");  // a session that ended is told as 401, not by the log-in page
    xhr.addEventListener("loadend", function () { done(xhr); });
    xhr.send(form);
    return xhr;
  }

  function answerOf(xhr) {
    try { return JSON.parse(xhr.responseText); } catch (error) { return {}; }
  }

  function sender(file, options) {
    var key = PREFIX + [options.endpoint, file.name, file.size, file.lastModified].join("|");
    var url = "", tries = 0, refused = 0, xhr = null, timer = 0, over = false;

    function keep(sent) {
      stored(key, { url: url, direct: true, name: file.name, size: file.size, percent: Math.floor(sent / file.size * 100), until: Date.now() + 19 * 3600e3 });
    }

    function stop(tell) {
      over = true;
      clearTimeout(timer);
      window.removeEventListener("online", onLine);
      tell();
    }

    function onLine() {
      if (over || !timer) return;
      clearTimeout(timer);
      timer = 0;
      go();
    }

    function later() {
      tries += 1;
      if (tries > TRIES) { stop(function () { options.refused("", true); }); return; }
      options.interrupted();
      var wait = Math.min(30000, 500 * Math.pow(2, tries - 1));
      timer = setTimeout(function () { timer = 0; go(); }, wait * (0.75 + Math.random() / 2));
    }

    function giveUpDirect() {
      stop(function () {
        window.tus.forget({ key: key, url: url }, options.token());
        options.fallback();
      });
    }

    /** What came of a request to the portal that did not go well; true when there is nothing more to do with it. */
    function failed(answer) {
      if (over) return true;
      var status = answer.status, message = answerOf(answer).message || "";
      if (status >= 200 && status < 300) return false;
      if (status === 404 || status === 410) {
        stored(key, null);
        url = "";
        later();
      } else if (status === 0 || status === 408 || status === 409 || status === 423 || status === 429 || status >= 500) {
        later();
      } else if (status === 401 || (status === 403 && !message)) {
        stop(function () { options.refused(null, true); });
      } else {
        stored(key, null);
        stop(function () { options.refused(message, false); });
      }
      return true;
    }

    function go() {
      if (over) return;
      var known = stored(key);
      if (!url && known && known.direct && known.until > Date.now()) url = known.url;
      if (url) { xhr = ask("GET", url + "direct/", options.token(), null, told); return; }
      var form = new FormData();
      form.set("name", file.name);
      form.set("size", String(file.size));
      xhr = ask("POST", options.direct, options.token(), form, function (answer) {
        if (!failed(answer)) url = answer.getResponseHeader("Location") || "";
        if (url) told(answer);
      });
    }

    function told(answer) {
      if (failed(answer)) return;
      var state = answerOf(answer);
      if (!state.to) { stop(function () { options.refused(null, true); }); return; }  // the log-in page
      var sent = state.arrived.reduce(function (sum, number) { return sum + sizeOf(number, state.part); }, 0);
      keep(sent);
      options.progress(sent);
      next(state, Object.keys(state.to).map(Number).sort(function (a, b) { return a - b; }), sent);
    }

    function sizeOf(number, part) { return Math.min(part, file.size - (number - 1) * part); }

    function next(state, missing, sent) {
      if (over) return;
      if (!missing.length) { conclude(); return; }
      var number = missing[0], size = sizeOf(number, state.part), began = (number - 1) * state.part;
      xhr = new XMLHttpRequest();
      xhr.open("PUT", state.to[number]);
      xhr.upload.addEventListener("progress", function (event) { options.progress(sent + event.loaded); });
      xhr.addEventListener("loadend", function () {
        if (over) return;
        if (xhr.status >= 200 && xhr.status < 300) {
          tries = 0;
          refused = 0;
          keep(sent + size);
          next(state, missing.slice(1), sent + size);
          return;
        }
        refused += navigator.onLine === false ? 0 : 1;
        if (refused < REFUSED) { later(); return; }
        // Is it the line, or the storage alone? The portal answers: then the file goes through it.
        ask("GET", url + "direct/", options.token(), null, function (answer) {
          if (over) return;
          if (answer.status === 200) giveUpDirect();
          else later();
        });
      });
      xhr.send(file.slice(began, began + size));
    }

    function conclude() {
      options.checking();
      xhr = ask("POST", url + "direct/", options.token(), new FormData(), function (answer) {
        if (over) return;
        if (answer.status === 202) { later(); return; }
        if (failed(answer)) return;
        var said = answerOf(answer);
        if (!said.ok) { stop(function () { options.refused(null, true); }); return; }
        stored(key, null);
        stop(function () { options.done(said); });
      });
    }

    window.addEventListener("online", onLine);
    return {
      start: function () { over = false; tries = 0; window.addEventListener("online", onLine); go(); },
      cancel: function () {
        stop(function () {});
        if (xhr) xhr.abort();
        if (url) window.tus.forget({ key: key, url: url }, options.token());
      }
    };
  }

  window.direct = { sender: sender, least: LEAST };
}());
