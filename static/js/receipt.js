/*
 * Checks the record of an application, which somebody drops or chooses, in the browser: the same checks as verify_receipt.py,
 * with WebCrypto. Nothing is sent anywhere; the page's CSP (connect-src 'none') wouldn't let it.
 *
 *   [data-receipt][data-format]   around the file's input; #receipt-words: what is said, #receipt-keys: the portal's keys
 *   [data-receipt-result]         where the answer goes
 */
(function () {
  "use strict";

  var box = document.querySelector("[data-receipt]");
  if (!box) return;
  var WORDS = JSON.parse(document.getElementById("receipt-words").textContent);
  var PORTAL_KEYS = JSON.parse(document.getElementById("receipt-keys").textContent);
  var MOST_BYTES = 20000000;
  var SPRITE = document.querySelector("use").getAttribute("href").split("#")[0];
  var result = document.querySelector("[data-receipt-result]");
  var input = document.getElementById("receipt-file");
  var keyField = document.getElementById("receipt-key");
  var zone = box.querySelector("[data-drop]");
  var last = null;

  function say(code, gaps) {
    return WORDS[code].replace(/\{(\d)\}/g, function (_all, n) { return String(gaps[n]); });
  }

  /* -- the checks: each fault is an Error whose code is one of the words ------------------------------------- */

  function broken(code) {
    var fault = new Error(code);
    fault.code = code;
    fault.gaps = Array.prototype.slice.call(arguments, 1);
    return fault;
  }

  function has(value, names) {
    return value !== null && typeof value === "object" && !Array.isArray(value)
      && Object.keys(value).sort().join() === names.slice().sort().join();
  }

  function utf8(text) {
    var bytes = new TextEncoder().encode(text);
    if (typeof text !== "string" || new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) !== text) throw broken("format");
    return bytes;
  }

  /** The bytes of base64 in its one canonical spelling. */
  function raw(text) {
    if (typeof text !== "string") throw broken("format");
    var binary = atob(text);
    if (btoa(binary) !== text) throw broken("format");
    return Uint8Array.from(binary, function (c) { return c.charCodeAt(0); });
  }

  function joined(parts) {
    var made = new Uint8Array(parts.reduce(function (sum, part) { return sum + part.length; }, 0));
    parts.reduce(function (at, part) { made.set(part, at); return at + part.length; }, 0);
    return made;
  }

  async function sha256() {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(Array.prototype.slice.call(arguments))));
  }

  function hex(bytes) {
    return Array.prototype.map.call(bytes, function (b) { return b.toString(16).padStart(2, "0"); }).join("");
  }

  function same(a, b) { return hex(a) === hex(b); }

  /** RFC 9162, 2.1.3.2. Sizes may be larger than what bit operators take. */
  async function included(leaf, index, size, proof, root) {
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw broken("format");
    if ([leaf].concat(proof).some(function (hash) { return hash.length !== 32; })) throw broken("format");
    var place = index, end = size - 1;
    var LEFT = Uint8Array.of(1);
    for (var beside of proof) {
      if (end === 0) return false;
      if (place % 2 || place === end) {
        leaf = await sha256(LEFT, beside, leaf);
        while (place % 2 === 0 && place) { place /= 2; end = Math.floor(end / 2); }
      } else {
        leaf = await sha256(LEFT, leaf, beside);
      }
      place = Math.floor(place / 2);
      end = Math.floor(end / 2);
    }
    return end === 0 && same(leaf, root);
  }

  /** A C2SP signed checkpoint. */
  function readNote(note) {
    var found = /^(([^\n+ ]+)\n(0|[1-9]\d{0,14})\n([^\n]+)\n(?:at ([^\n]+)\n)?(?:[^\n]+\n)*)\n((?:— [^\n]+\n)+)$/.exec(note);
    if (typeof note !== "string" || !found) throw broken("note");
    var lines = found[6].trimEnd().split("\n").map(function (line) { return line.split(" "); });
    var ours = lines.filter(function (line) { return line.length === 3 && line[1] === found[2]; });
    return {
      text: found[1], origin: found[2], size: Number(found[3]), root: raw(found[4]), at: found[5] || "",
      signatures: ours.map(function (line) { return raw(line[2]); })
    };
  }

  async function publicKey(vkey, origin) {
    var parts = /^([^+]*)\+([^+]*)\+(.*)$/.exec(vkey);
    if (!parts || parts[1] !== origin) throw broken("key", origin);
    var key = raw(parts[3]);
    var id = (await sha256(utf8(origin + "\n"), key)).slice(0, 4);
    if (key.length !== 33 || key[0] !== 1 || hex(id) !== parts[2]) throw broken("key", origin);
    return { id: id, key: key.slice(1) };
  }

  /** Whether the key signed the note; null where the browser can't say. */
  async function signed(note, vkey) {
    var own = await publicKey(vkey, note.origin);
    var by = note.signatures.filter(function (signature) { return same(signature.slice(0, 4), own.id); })[0];
    if (!by || by.length !== 68) return false;
    var key;
    try {
      key = await crypto.subtle.importKey("raw", own.key, { name: "Ed25519" }, false, ["verify"]);
    } catch (unknown) {
      if (unknown.name === "NotSupportedError") return null;
      return false;
    }
    return crypto.subtle.verify({ name: "Ed25519" }, key, by.slice(4), utf8(note.text));
  }

  async function check(receipt) {
    if (!has(receipt, ["format", "origin", "application", "events", "checkpoint", "key"])) throw broken("format");
    if (receipt.format !== box.dataset.format || !Array.isArray(receipt.events)) throw broken("format");
    var note = readNote(receipt.checkpoint);
    if (receipt.origin !== note.origin) throw broken("origin", receipt.origin, note.origin);
    var signature = await signed(note, receipt.key);
    if (signature === false) throw broken("signature");
    var state = { stream: null, prev: "", leaf: -1, numbers: [] };
    var events = [];
    for (var at = 0; at < receipt.events.length; at += 1) {
      events.push(await checkEvent(receipt.events[at], at + 1, note, state));
    }
    if (state.numbers.indexOf(receipt.application) < 0) throw broken("number", receipt.application);
    return { note: note, events: events, signature: signature, keyId: receipt.key.split("+")[1] };
  }

  async function checkEvent(event, seq, note, state) {
    var withheld = has(event, ["withheld", "leaf", "proof"]);
    if (!withheld && !has(event, ["payload", "reason", "leaf", "proof"])) throw broken("format");
    if (!Array.isArray(event.proof)) throw broken("format");
    var data = withheld ? null : utf8(event.payload);
    var leaf = withheld ? raw(event.withheld) : await sha256(Uint8Array.of(0), data);
    if (!await included(leaf, event.leaf, note.size, event.proof.map(raw), note.root)) throw broken("not_in_log", seq);
    if (event.leaf <= state.leaf) throw broken("order", seq);
    state.leaf = event.leaf;
    if (withheld) {
      state.prev = null;
      return { body: null };
    }
    var body = JSON.parse(event.payload);
    if (body.stream.indexOf("application:") !== 0) throw broken("no_event", seq);
    if (state.stream !== null && state.stream !== body.stream) throw broken("stream", seq);
    if (body.seq !== seq) throw broken("seq", seq, body.seq);
    if (state.prev !== null && state.prev !== body.prev) throw broken("prev", seq);
    if (event.reason !== null) await checkWords(event.reason, body, seq);
    if (body.action === "submitted") state.numbers.push(body.data.number);
    state.stream = body.stream;
    state.prev = hex(await sha256(data));
    return { body: body, words: event.reason && event.reason.text };
  }

  async function checkWords(reason, body, seq) {
    if (!has(reason, ["salt", "text"]) || typeof reason.salt !== "string" || typeof reason.text !== "string") throw broken("format");
    if (hex(await sha256(utf8(reason.salt + "\0" + reason.text))) !== body.reason) throw broken("reason", seq);
  }

  /* -- what is said ------------------------------------------------------------------------------------------ */

  var made = Notices(SPRITE), element = made.element, icon = made.icon;

  function verdict(level, title, lines) {
    result.textContent = "";
    var panel = element("section", "panel", "", result);
    panel.appendChild(made.notice(level, title, lines));
    return panel;
  }

  function roleWords(role) {
    var parts = role.split("@");
    return (WORDS.roles[parts[0]] || parts[0]) + (parts[1] ? " · " + parts[1] : "");
  }

  function inShanghai(iso) {
    var moment = new Date(iso);
    return isNaN(moment) ? iso : moment.toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" });
  }

  function time(iso) {
    var made = element("time", "num", inShanghai(iso));
    made.setAttribute("datetime", iso);
    return made;
  }

  function listed(events, panel) {
    var list = element("ol", "timeline", "", panel);
    events.forEach(function (event) {
      var item = element("li", event.body ? "is-done" : "is-todo", "", list);
      var dot = element("span", "dot", "", item);
      dot.setAttribute("aria-hidden", "true");
      if (!event.body) {
        element("span", "title", WORDS.withheld, item);
        return;
      }
      icon("check-lg", dot);
      element("span", "title", WORDS.actions[event.body.action] || event.body.action, item);
      var meta = element("span", "meta", "", item);
      meta.appendChild(time(event.body.at));
      element("span", "", roleWords(event.body.role), meta);
      if (event.words) element("p", "reason", event.words, item);
    });
  }

  /** Of a verifier key: a log that was given another name keeps its key. */
  function publicPart(vkey) { return vkey.split("+").slice(2).join("+"); }

  function shown(found, receipt, given) {
    var lines = [say("what", [found.events.length, receipt.application, found.note.origin, found.note.size])];
    if (found.note.at) lines.push(say("at", [inShanghai(found.note.at)]));
    var known = given ? given === receipt.key : PORTAL_KEYS.some(function (key) { return publicPart(key) === publicPart(receipt.key); });
    if (given && !known) return verdict("error", WORDS.broken, [say("not_your_key", [found.keyId])]);
    if (found.signature === null) {
      listed(found.events, verdict("warning", WORDS.unsigned, [WORDS.no_ed25519].concat(lines)));
    } else if (known) {
      lines.push(say(given ? "by_key" : "by_portal", [found.keyId]));
      listed(found.events, verdict("success", WORDS.proved, lines));
    } else {
      lines.unshift(say("by_itself", [found.keyId]));
      listed(found.events, verdict("warning", WORDS.unproved, lines));
    }
  }

  async function look(text) {
    var given = keyField.value.trim();
    if (!window.crypto || !crypto.subtle) return verdict("warning", WORDS.unsigned, [WORDS.no_crypto]);
    try {
      if (given) await publicKey(given, given.split("+")[0]);
    } catch (fault) {
      return verdict("error", WORDS.no_key, []);
    }
    try {
      var receipt = JSON.parse(text);
      shown(await check(receipt), receipt, given);
    } catch (fault) {
      verdict("error", WORDS.broken, [fault.code ? say(fault.code, fault.gaps) : say("not_json", [fault.message])]);
    }
  }

  async function take(file) {
    if (!file) return;
    if (file.size > MOST_BYTES) return verdict("error", WORDS.too_large, []);
    try {
      last = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch (fault) {
      return verdict("error", WORDS.broken, [say("not_json", [fault.message])]);
    }
    await look(last);
    result.scrollIntoView({ block: "nearest" });
  }

  input.addEventListener("change", function () {
    take(input.files[0]);
    input.value = ""; // the same file may be chosen again
  });
  keyField.addEventListener("change", function () { if (last !== null) look(last); });
  ["dragover", "dragenter"].forEach(function (name) {
    zone.addEventListener(name, function (event) { event.preventDefault(); zone.classList.add("is-over"); });
  });
  zone.addEventListener("dragleave", function () { zone.classList.remove("is-over"); });
  zone.addEventListener("drop", function (event) {
    event.preventDefault();
    zone.classList.remove("is-over");
    take(event.dataTransfer.files[0]);
  });
})();
