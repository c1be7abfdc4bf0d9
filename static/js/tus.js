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

  function messageOf(xhr) {
    try { return JSON.parse(xhr.responseText).message || ""; } catch (error) { return ""; }
  }

  function forget(one, token) {
    store(one.key, null);
    ask("DELETE", one.url, { "X-CSRFToken": token }, function () {});
  }

  /**
   * Send `file` to where `options.endpoint` says. Told: `progress(bytes)`, `interrupted()`, `checking()` when all is there,
   * `done(answer)`, `refused(message, again)`: `message` "" stands for a connection that can't be had, null for a log-in that ended.
   * Gives {start, cancel}.
   */
  function sender(file, options) {
    var key = PREFIX + [options.endpoint, file.name, file.size, file.lastModified].join("|");
    var url = "", offset = 0, tries = 0, xhr = null, timer = 0, over = false;

    function headers(more) { return Object.assign({ "X-CSRFToken": options.token() }, more || {}); }

    function keep() {
      store(key, { url: url, name: file.name, size: file.size, percent: Math.floor(offset / file.size * 100), until: Date.now() + 19 * 3600e3 });
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

    /** What came of a request that did not go well; true when there is nothing more to do with it. */
    function failed(answer) {
      if (over) return true;
      var status = answer.status, message = messageOf(answer);
      if (status >= 200 && status < 300) return false;
      if (status === 404 || status === 410) {
        store(key, null);
        url = "";
        offset = 0;
        later();
      } else if (status === 0 || status === 408 || status === 409 || status === 423 || status === 429 || status === 460 || status >= 500) {
        later();
      } else if (status === 401 || ((status === 403 || status < 400) && !message)) {
        stop(function () { options.refused(null, true); });
      } else {
        store(key, null);
        stop(function () { options.refused(message, false); });
      }
      return true;
    }

    function go() {
      if (over) return;
      if (!url) {
        var known = stored(key);
        if (known && known.until > Date.now()) url = known.url;
      }
      if (url) look();
      else begin();
    }

    function begin() {
      var about = { "Upload-Length": String(file.size), "Upload-Metadata": "filename " + nameIn64(file.name) };
      xhr = ask("POST", options.endpoint, headers(about), function (answer) {
        if (failed(answer)) return;
        url = answer.getResponseHeader("Location");
        if (!url) { stop(function () { options.refused(null, true); }); return; }  // the log-in page, not an upload
        offset = 0;
        keep();
        next();
      });
    }

    function look() {
      xhr = ask("HEAD", url, headers(), function (answer) {
        if (failed(answer)) return;
        offset = Number(answer.getResponseHeader("Upload-Offset"));
        options.progress(offset);
        next();
      });
    }

    function next() {
      if (over) return;
      if (offset >= file.size) { conclude(); return; }
      var part = file.slice(offset, Math.min(offset + piece, file.size));
      if (!window.crypto || !crypto.subtle) { send(part, {}); return; }
      part.arrayBuffer().then(function (bytes) {
        return crypto.subtle.digest("SHA-256", bytes);
      }).then(function (digest) {
        send(part, { "Upload-Checksum": "sha256 " + in64(digest) });
      }, function () {                              // the file was changed or taken away on this device
        store(key, null);
        stop(function () { options.refused("", true); });
      });
    }

    function send(part, more) {
      if (over) return;
      var began = Date.now();
      var about = Object.assign({ "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" }, more);
      xhr = ask("PATCH", url, headers(about), function (answer) {
        if (over) return;
        if (answer.status === 0 || answer.status === 460) piece = Math.max(LEAST, piece / 2);
        if (failed(answer)) return;
        var came = Number(answer.getResponseHeader("Upload-Offset"));
        if (came > offset) tries = 0;
        offset = came;
        var speed = part.size / Math.max(50, Date.now() - began) * 1000;
        if (part.size === piece || speed * SECONDS < piece) piece = Math.round(Math.min(MOST, Math.max(LEAST, Math.min(speed * SECONDS, piece * 2))));
        keep();
        options.progress(offset);
        next();
      }, part, function (bytes) { options.progress(offset + bytes); });
      if (offset + part.size >= file.size) xhr.upload.addEventListener("load", options.checking);
    }

    function conclude() {
      xhr = ask("GET", url, headers(), function (answer) {
        if (over) return;
        if (answer.status === 202) { later(); return; }
        if (failed(answer)) return;
        var said = null;
        try { said = JSON.parse(answer.responseText); } catch (error) { said = null; }
        if (!said || !said.ok) { stop(function () { options.refused(null, true); }); return; }
        store(key, null);
        stop(function () { options.done(said); });
      });
    }

    window.addEventListener("online", onLine);
    return {
      start: function () { over = false; tries = 0; window.addEventListener("online", onLine); go(); },
      cancel: function () {
        stop(function () {});
        if (xhr) xhr.abort();
        if (url) forget({ key: key, url: url }, options.token());
      }
    };
  }

  window.tus = { sender: sender, brokenOff: brokenOff, forget: forget };
}());
