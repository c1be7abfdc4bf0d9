/*
 * The offline checker's page: gets a text (camera, picture, pasted), checks it (cose.js), says what it is worth (said.js).
 * Keys and list are fetched when there is a network, and kept (known.js).
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
  var known = PermitKnown(root.dataset.keys, root.dataset.status);

  function part(name) { return document.querySelector("[data-checker-" + name + "]"); }
  function now() { return Date.now() / 1000; }
  function fill(place, nodes) { place.replaceChildren.apply(place, nodes); }

  /* -- what this device knows ------------------------------------------------------------------------------------ */

  async function refresh() {
    part("keys").textContent = WORDS.refreshing;
    var word = await known.refresh();
    part("keys").textContent = word && WORDS[word];
    showList();
  }

  function ago(seconds) {
    var minutes = Math.max(0, Math.round(seconds / 60)), hours = Math.round(minutes / 60);
    if (minutes < 90) return said.ago(minutes, "minute");
    return hours < 48 ? said.ago(hours, "hour") : said.ago(Math.floor(hours / 24), "day");
  }

  function listWords() {
    if (!known.list) return WORDS.list_none;
    var gaps = [said.time(known.list.asOf), ago(now() - known.list.asOf), said.time(known.list.expires)];
    return said.say(now() < known.list.expires ? "list_fresh" : "list_old", gaps);
  }

  function showList() {
    var good = known.list && now() < known.list.expires;
    fill(part("list"), [said.notice(good ? "info" : "warning", "", [listWords()])]);
  }

  /* -- checking ---------------------------------------------------------------------------------------------------- */

  function more(word, code) {
    if (word === "valid") return [said.say("valid_more", [said.time(known.list.asOf) + ", " + ago(now() - known.list.asOf)])];
    if (word === "unknown") return [known.list ? said.say("unknown_old", [said.time(known.list.expires)]) : WORDS.unknown_none];
    if (word === "superseded") return [said.say("superseded_more", [known.list.superseded.get(code.number)]), listWords()];
    return [WORDS[word + "_more"]];
  }

  async function check(text) {
    var word, code = null;
    try {
      if (!known.keys || !known.keys.keys.length) throw { code: "no_keys" };
      code = await PermitCode.read(text, known.keys);
      word = PermitCode.judge(code, known.list, now());
    } catch (fault) {
      if (!fault.code) throw fault;
      word = fault.code;
    }
    var lines = more(word, code);
    var panel = said.element("section", "panel" + (word === "valid" ? " panel-ok" : ""));
    panel.dataset.verdict = word;
    panel.appendChild(said.notice(LEVELS[word] || "error", WORDS[word], lines));
    if (code) panel.appendChild(said.rows(code, known.keys.services));
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
    await known.recall();
    showList();
    await refresh();
    root.dataset.ready = "yes";
  })();
})();
