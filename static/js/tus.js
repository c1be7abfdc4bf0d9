/*
 * A file on its way to the server, in pieces (the tus protocol 1.0.0, as portal/views/tus.py speaks it).
 *
 * A connection that drops costs one piece at most: it is tried again after a while that grows, or as soon as the browser is on line
 * again. Where an upload stands is kept in this browser, so that the same file, chosen again after a reload, goes on from there.
 * Pieces are sized by the line, so that each takes some seconds, and carry their SHA-256 where the browser can make one.
 */
(function () {
  "use strict";

  var VERSION = "1.0.0";
  var PREFIX = "upload:";
  var LEAST = 256 * 1024;
  var MOST = 16 * 1024 * 1024;
  var SECONDS = 3;                                  // that a piece should take
  var TRIES = 12;                                   // in a row, without a byte's progress: some five minutes
  var piece = 1024 * 1024;                          // the line is the same for all files

  function in64(bytes) {
    var text = "";
    new Uint8Array(bytes).forEach(function (byte) { text += String.fromCharCode(byte); });
    return btoa(text);
  }

  function nameIn64(name) { return in64(new TextEncoder().encode(name)); }

  function store(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
    } catch (denied) { /* then a reload begins anew */ }
  }

  function stored(key) {
    try { return JSON.parse(localStorage.getItem(key)); } catch (denied) { return null; }
  }

  /** What is sent to `endpoint` from this browser and did not get through: [{key, name, size, percent, url}]. */
  function brokenOff(endpoint) {
    var found = [];
    try {
      Object.keys(localStorage).forEach(function (key) {
        if (key.indexOf(PREFIX + endpoint + "|") !== 0) return;
        var one = stored(key);
        if (!one || one.until < Date.now()) store(key, null);
        else found.push(Object.assign({ key: key }, one));
      });
    } catch (denied) { /* nothing is known */ }
    return found;
  }

  function ask(method, url, headers, done, body, progress) {
    var xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.setRequestHeader("Tus-Resumable", VERSION);
    xhr.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    Object.keys(headers).forEach(function (name) { xhr.setRequestHeader(name, headers[name]); });
    if (progress) xhr.upload.addEventListener("progress", function (event) { progress(event.loaded); });
    xhr.timeout = 0;
    xhr.addEventListener("loadend", function () { done(xhr); });
    xhr.send(body || null);
    return xhr;
  }

  function answerOf(xhr) {
    try { return JSON.parse(xhr.responseText) || {}; } catch (error) { return {}; }
  }

  function forget(one, token) {
    store(one.key, null);
    ask("DELETE", one.url, { "X-CSRFToken": token }, function () {});
  }

  /**
   * What every way of sending a file has: its place in this browser, tries that come again after a while or when the browser is on line
   * again, and what is made of answers that are none. `way.go` goes on from wherever it stands; `way.lost` hears that the upload is gone;
   * `way.direct`: its bytes don't come to the portal (direct.js). `url` is where the upload stands, `xhr` the request under way.
   */
  function trip(file, options, way) {
    var key = PREFIX + [options.endpoint, file.name, file.size, file.lastModified].join("|");
    var tries = 0, timer = 0, over = false;

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
      way.go();
    }

    function refused(message, again) { stop(function () { options.refused(message, again); }); }

    function later() {
      tries += 1;
      if (tries > TRIES) { refused("", true); return; }
      options.interrupted();
      var wait = Math.min(30000, 500 * Math.pow(2, tries - 1));
      timer = setTimeout(function () { timer = 0; if (!over) way.go(); }, wait * (0.75 + Math.random() / 2));
    }

    /** What came of a request that did not go well; true when there is nothing more to do with it. */
    function failed(answer) {
      if (over) return true;
      var status = answer.status, message = answerOf(answer).message || "";
      if (status >= 200 && status < 300) return false;
      if (status === 404 || status === 410) {
        store(key, null);
        self.url = "";
        way.lost();
        later();
      } else if (status === 0 || status === 408 || status === 409 || status === 423 || status === 429 || status === 460 || status >= 500) {
        later();
      } else if (status === 401 || ((status === 403 || status < 400) && !message)) {
        refused(null, true);
      } else {
        store(key, null);
        refused(message, false);
      }
      return true;
    }

    var self = {
      url: "", xhr: null, stop: stop, later: later, failed: failed, refused: refused,
      headers: function (more) { return Object.assign({ "X-CSRFToken": options.token() }, more || {}); },
      isOver: function () { return over; },
      moved: function () { tries = 0; },
      /** Where it stood when this browser last heard of it, sent in the same way; then that is `url`. */
      known: function () {
        var known = stored(key);
        if (!self.url && known && !known.direct === !way.direct && known.until > Date.now()) self.url = known.url;
        return self.url;
      },
      keep: function (sent) {
        store(key, { url: self.url, direct: !!way.direct, name: file.name, size: file.size, percent: Math.floor(sent / file.size * 100), until: Date.now() + 19 * 3600e3 });
      },
      dropped: function () { store(key, null); },
      forgotten: function () { if (self.url) forget({ key: key, url: self.url }, options.token()); },
      /** The answer to the last request: the file was taken in, or is being taken in by another. */
      concluded: function (answer) {
        if (over) return;
        if (answer.status === 202) { later(); return; }
        if (failed(answer)) return;
        var said = answerOf(answer);
        if (!said.ok) { refused(null, true); return; }
        store(key, null);
        stop(function () { options.done(said); });
      },
      sender: {
        start: function () { over = false; tries = 0; window.addEventListener("online", onLine); way.go(); },
        cancel: function () {
          stop(function () {});
          if (self.xhr) self.xhr.abort();
          self.forgotten();
        }
      }
    };
    window.addEventListener("online", onLine);
    return self;
  }

  /**
   * Send `file` to where `options.endpoint` says. Told: `progress(bytes)`, `interrupted()`, `checking()` when all is there,
   * `done(answer)`, `refused(message, again)`: `message` "" stands for a connection that can't be had, null for a log-in that ended.
   * Gives {start, cancel}.
   */
  function sender(file, options) {
    var offset = 0;
    var on = trip(file, options, { go: go, lost: function () { offset = 0; } });

    function go() {
      if (on.known()) look();
      else begin();
    }

    function begin() {
      var about = { "Upload-Length": String(file.size), "Upload-Metadata": "filename " + nameIn64(file.name) };
      on.xhr = ask("POST", options.endpoint, on.headers(about), function (answer) {
        if (on.failed(answer)) return;
        on.url = answer.getResponseHeader("Location");
        if (!on.url) { on.refused(null, true); return; }  // the log-in page, not an upload
        offset = 0;
        on.keep(offset);
        next();
      });
    }

    function look() {
      on.xhr = ask("HEAD", on.url, on.headers(), function (answer) {
        if (on.failed(answer)) return;
        offset = Number(answer.getResponseHeader("Upload-Offset"));
        options.progress(offset);
        next();
      });
    }

    function next() {
      if (on.isOver()) return;
      if (offset >= file.size) { on.xhr = ask("GET", on.url, on.headers(), on.concluded); return; }
      var part = file.slice(offset, Math.min(offset + piece, file.size));
      if (!window.crypto || !crypto.subtle) { send(part, {}); return; }
      part.arrayBuffer().then(function (bytes) {
        return crypto.subtle.digest("SHA-256", bytes);
      }).then(function (digest) {
        send(part, { "Upload-Checksum": "sha256 " + in64(digest) });
      }, function () {                              // the file was changed or taken away on this device
        on.dropped();
        on.refused("", true);
      });
    }

    function send(part, more) {
      if (on.isOver()) return;
      var began = Date.now();
      var about = Object.assign({ "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" }, more);
      on.xhr = ask("PATCH", on.url, on.headers(about), function (answer) {
        if (on.isOver()) return;
        if (answer.status === 0 || answer.status === 460) piece = Math.max(LEAST, piece / 2);
        if (on.failed(answer)) return;
        var came = Number(answer.getResponseHeader("Upload-Offset"));
        if (came > offset) on.moved();
        offset = came;
        var speed = part.size / Math.max(50, Date.now() - began) * 1000;
        if (part.size === piece || speed * SECONDS < piece) piece = Math.round(Math.min(MOST, Math.max(LEAST, Math.min(speed * SECONDS, piece * 2))));
        on.keep(offset);
        options.progress(offset);
        next();
      }, part, function (bytes) { options.progress(offset + bytes); });
      if (offset + part.size >= file.size) on.xhr.upload.addEventListener("load", options.checking);
    }

    return on.sender;
  }

  window.tus = { sender: sender, brokenOff: brokenOff, forget: forget, trip: trip, ask: ask, answerOf: answerOf };
}());
