/*
 * The offline checker's page: gets a text (camera, picture, pasted), checks it (cose.js), says what it is worth (said.js).
 * Keys and list are fetched when there is a network and kept in localStorage: "checker:keys" (JSON), "checker:list" (base64).
 */
(function () {
  "use strict";

  var root = document.body;
  document.documentElement.classList.add("js");
  var WORDS = JSON.parse(document.getElementById("checker-words").textContent);
  var said = CodeSaid(WORDS, root.dataset.sprite, root.dataset.language);
  var camera = PermitCamera(root.dataset.jsqr);
  var LEVELS = { valid: "success", unknown: "warning", not_yet: "warning", no_code: "warning", unable: "warning", no_keys: "warning" };
  var REFRESH_EVERY = 600000;
  var keys = null, list = null;

  function part(name) { return document.querySelector("[data-checker-" + name + "]"); }
  function now() { return Date.now() / 1000; }
  function fill(place, nodes) { place.replaceChildren.apply(place, nodes); }

  /* -- what this device knows ------------------------------------------------------------------------------------ */

  function toBytes(text) { return Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); }); }

  function toText(bytes) {
    var binary = "";
    for (var at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192));
    return btoa(binary);
  }

  async function recall() {
    try {
      keys = JSON.parse(localStorage.getItem("checker:keys"));
      var kept = localStorage.getItem("checker:list");
      if (kept && keys) list = await PermitCode.readList(toBytes(kept), keys);
    } catch (fault) { /* nothing is kept, or by another edition of this page: it is fetched anew */ }
  }

  function keep(newKeys, bytes) {
    try {
      localStorage.setItem("checker:keys", JSON.stringify(newKeys));
      localStorage.setItem("checker:list", toText(bytes));
      return "";
    } catch (fault) {
      return WORDS.not_kept;
    }
  }

  async function fetched(address) {
    var response = await fetch(address, { cache: "no-cache", credentials: "omit" });
    if (!response.ok) throw new Error(String(response.status));
    return response;
  }

  /** A list that is older than the one at hand is not taken: somebody may have kept it to hide a revocation. */
  async function refresh() {
    part("keys").textContent = WORDS.refreshing;
    var word = "";
    try {
      var newKeys = await (await fetched(root.dataset.keys)).json();
      if (!Array.isArray(newKeys.keys)) throw new Error("no keys");
      keys = newKeys;
      var bytes = new Uint8Array(await (await fetched(root.dataset.status)).arrayBuffer());
      var newList = await PermitCode.readList(bytes, newKeys);
      if (!list || newList.asOf >= list.asOf) {
        list = newList;
        word = keep(keys, bytes);
      }
    } catch (fault) {
      word = fault.code === "unable" ? "" : fault.code ? WORDS.list_refused : WORDS.offline;
    }
    part("keys").textContent = word;
    showList();
  }

  function ago(seconds) {
    var minutes = Math.max(0, Math.round(seconds / 60));
    if (minutes < 90) return said.say("ago_minutes", [minutes]);
    var hours = Math.round(minutes / 60);
    return hours < 48 ? said.say("ago_hours", [hours]) : said.say("ago_days", [Math.floor(hours / 24)]);
  }

  function listWords() {
    if (!list) return WORDS.list_none;
    var gaps = [said.time(list.asOf), ago(now() - list.asOf), said.time(list.expires)];
    return said.say(now() < list.expires ? "list_fresh" : "list_old", gaps);
  }

  function showList() {
    var good = list && now() < list.expires;
    fill(part("list"), [said.notice(good ? "info" : "warning", "", [listWords()])]);
  }

  /* -- checking ---------------------------------------------------------------------------------------------------- */

  function more(word, code) {
    if (word === "valid") return [said.say("valid_more", [said.time(list.asOf) + ", " + ago(now() - list.asOf)])];
    if (word === "unknown") return [list ? said.say("unknown_old", [said.time(list.expires)]) : WORDS.unknown_none];
    if (word === "superseded") return [said.say("superseded_more", [list.superseded.get(code.number)]), listWords()];
    return [WORDS[word + "_more"]];
  }

  async function check(text) {
    var word, code = null;
    try {
      if (!keys || !keys.keys.length) throw { code: "no_keys" };
      code = await PermitCode.read(text, keys);
      word = PermitCode.judge(code, list, now());
    } catch (fault) {
      if (!fault.code) throw fault;
      word = fault.code;
    }
    var lines = more(word, code);
    var panel = said.element("section", "panel" + (word === "valid" ? " panel-ok" : ""));
    panel.dataset.verdict = word;
    panel.appendChild(said.notice(LEVELS[word] || "error", WORDS[word], lines));
    if (code) panel.appendChild(said.rows(code, keys.services));
    fill(part("result"), [panel]);
    part("result").focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest" });
  }

  function tell(text) {
    fill(part("result"), []);
    part("camera").textContent = text;
  }

  /* -- where the text comes from --------------------------------------------------------------------------------------- */

  function watching(on) {
    part("view").hidden = part("stop").hidden = !on;
    part("start").hidden = on;
    part("camera").textContent = on ? WORDS.looking : "";
  }

  function stop() {
    camera.stop();
    watching(false);
  }

  async function start() {
    fill(part("result"), []);
    watching(true);
    try {
      await camera.start(part("video"), function (text) {
        stop();
        if (navigator.vibrate) navigator.vibrate(60);
        check(text);
      });
    } catch (fault) {
      stop();
      tell(said.say("no_camera", [fault.message || fault.name]));
    }
  }

  async function picture(file) {
    if (!file) return;
    stop();
    try {
      var text = await camera.picture(file);
      if (text === null) return tell(WORDS.no_qr);
      tell("");
      await check(text);
    } catch (fault) {
      tell(WORDS.no_picture);
    }
  }

  part("start").addEventListener("click", start);
  part("stop").addEventListener("click", function () { stop(); part("start").focus(); });
  part("refresh").addEventListener("click", refresh);
  part("form").addEventListener("submit", function (event) {
    event.preventDefault();
    tell("");
    check(document.getElementById("checker-text").value);
  });
  document.getElementById("checker-picture").addEventListener("change", function (event) {
    picture(event.target.files[0]);
    event.target.value = ""; // the same file may be chosen again
  });
  document.addEventListener("visibilitychange", function () { if (document.hidden) stop(); });
  window.addEventListener("online", refresh);
  setInterval(function () { if (navigator.onLine) refresh(); else showList(); }, REFRESH_EVERY);

  (async function () {
    if (navigator.serviceWorker) {
      navigator.serviceWorker.register(root.dataset.worker, { scope: root.dataset.scope }).catch(function () { /* private window */ });
    }
    if (!await PermitCode.able()) fill(part("able"), [said.notice("warning", WORDS.unable, [WORDS.unable_more])]);
    await recall();
    showList();
    await refresh();
    root.dataset.ready = "yes";
  })();
})();
