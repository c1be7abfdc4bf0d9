/*
 * At a gate: the camera types the code; the form is sent without a new page, so that the next one can be scanned at once.
 * When the line is down this device checks the code by itself (cose.js, by what known.js kept) and keeps what it scanned in
 * localStorage under "gate:ID" ([{text, at, key}]), until the portal has taken it. Sent twice, it is one: each has its key.
 */
(function () {
  "use strict";

  var root = document.querySelector("[data-gate]");
  if (!root) return;
  var WORDS = JSON.parse(document.getElementById("gate-words").textContent);
  var SERVICES = JSON.parse(document.getElementById("gate-services").textContent);
  var KEPT = "gate:" + root.dataset.gate;
  var PATIENCE = 8000, EVERY = 60000, REFRESH_EVERY = 600000, AT_ONCE = 200;
  var language = document.documentElement.lang.indexOf("zh") === 0 ? "zh" : "en";
  var said = CodeSaid(WORDS, root.dataset.sprite, language);
  var icon = Notices(root.dataset.sprite).icon;
  var camera = PermitCamera(root.dataset.jsqr);
  var known = PermitKnown(root.dataset.keys, root.dataset.status);
  var form = part("form"), input = form.elements.text;
  var busy = false;

  function part(name, within) { return (within || root).querySelector("[data-gate-" + name + "]"); }

  /* -- what waits for the network ------------------------------------------------------------------------------------- */

  function waiting() {
    try {
      return JSON.parse(localStorage.getItem(KEPT)) || [];
    } catch (fault) {
      return [];
    }
  }

  function keep(scans) {
    try {
      if (scans.length) localStorage.setItem(KEPT, JSON.stringify(scans));
      else localStorage.removeItem(KEPT);
      return true;
    } catch (fault) {
      return false;
    }
  }

  function showWaiting() {
    var count = waiting().length;
    part("waiting").replaceChildren.apply(part("waiting"), count ? [said.notice("warning", "", [said.say("waiting", [count])])] : []);
  }

  async function tellLater() {
    var some = waiting().slice(0, AT_ONCE);
    if (!some.length) return showWaiting();
    try {
      var response = await fetch(root.dataset.late, {
        method: "POST", body: JSON.stringify({ scans: some }),
        headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value }
      });
      var taken = response.ok && !response.redirected ? (await response.json()).results : {};
      keep(waiting().filter(function (scan) { return !(scan.key in taken); }));
    } catch (fault) { /* no network yet */ }
    showWaiting();
  }

  /* -- a check ---------------------------------------------------------------------------------------------------------- */

  function ready(key) {
    form.elements.key.value = key;
    input.value = "";
    input.focus({ preventScroll: true });
    part("result").scrollIntoView({ block: "nearest" });
  }

  function why(word) {
    if (word === "valid") return said.say("valid_more", [said.time(known.list.asOf)]);
    return word === "no_code" ? WORDS.no_number : WORDS[word];
  }

  async function alone(text, key) {
    var word = "no_keys", code = null;
    try {
      if (known.keys && known.keys.keys.length) {
        code = await PermitCode.read(text, known.keys);
        word = PermitCode.judge(code, known.list, Date.now() / 1000);
        if (word === "valid" && SERVICES.length && SERVICES.indexOf(code.service) < 0) word = "not_here";
      }
    } catch (fault) {
      if (!fault.code) throw fault;
      word = fault.code;
    }
    var good = word === "valid";
    var panel = said.element("section", "panel gate-verdict " + (good ? "is-good" : "is-bad"));
    panel.dataset.verdict = word;
    var head = said.element("h2", "", "", panel);
    icon(good ? "check-circle-fill" : "x-circle-fill", head);
    head.append(good ? WORDS.good : WORDS.bad);
    said.element("p", "gate-why", why(word), panel);
    if (code) panel.appendChild(said.rows(code, known.keys.services));
    var kept = keep(waiting().concat([{ text: text, at: new Date().toISOString(), key: key }]));
    said.element("p", "muted", kept ? WORDS.alone : WORDS.lost, panel);
    part("result").replaceChildren(panel);
    document.title = (good ? WORDS.good : WORDS.bad) + " - " + document.querySelector("h1").textContent;
    showWaiting();
    ready(crypto.randomUUID());
  }

  async function check() {
    var text = input.value.trim(), key = form.elements.key.value, answer = null;
    if (!text) return form.submit(); // the portal says what is missing
    try {
      var response = await fetch(form.action, { method: "POST", body: new FormData(form), signal: AbortSignal.timeout(PATIENCE) });
      if (response.status < 500) answer = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch (fault) { /* no network, or one that is too slow */ }
    if (!answer) return alone(text, key);
    if (!answer.querySelector("[data-gate]")) return form.submit(); // signed out meanwhile, or dismissed
    part("result").replaceChildren.apply(part("result"), Array.from(part("result", answer).children));
    part("today").textContent = part("today", answer).textContent;
    document.title = answer.title;
    ready(part("form", answer).elements.key.value);
    tellLater();
  }

  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    if (busy) return;
    busy = true;
    try {
      await check();
    } finally {
      busy = false;
    }
  });

  /* -- the camera ------------------------------------------------------------------------------------------------------- */

  function watching(on) {
    part("view").hidden = part("stop").hidden = !on;
    part("start").hidden = on;
    part("said").textContent = on ? WORDS.looking : "";
  }

  function stop() {
    camera.stop();
    watching(false);
  }

  async function start() {
    watching(true);
    try {
      await camera.start(part("video"), function (text) {
        stop();
        if (navigator.vibrate) navigator.vibrate(60);
        input.value = text;
        form.requestSubmit();
      });
    } catch (fault) {
      stop();
      part("said").textContent = said.say("no_camera", [fault.message || fault.name]);
    }
  }

  part("start").addEventListener("click", start);
  part("stop").addEventListener("click", function () { stop(); part("start").focus(); });
  document.addEventListener("visibilitychange", function () { if (document.hidden) stop(); });
  window.addEventListener("online", tellLater);
  setInterval(tellLater, EVERY);
  setInterval(known.refresh, REFRESH_EVERY);

  (async function () {
    showWaiting();
    await known.recall();
    await known.refresh();
    await tellLater();
    root.dataset.ready = "yes";
  })();
})();
