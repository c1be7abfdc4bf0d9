/*
 * Reads the code on a permit and the list of revoked ones, and says what they are worth: the same as permits/credentials
 * (cbor, base45, cose, code, status) say of the same texts, which a journey compares. No page, no network: whoever
 * includes it gets `PermitCode`.
 *
 *   read(text, keys)        → Promise of {number, holder, uscc, service, issued, expires, signed, keyId, cut}; moments in seconds
 *   readList(bytes, keys)   → Promise of {asOf, expires, revoked, superseded, corrected}
 *   judge(code, list, now)  → "valid" | "revoked" | "superseded" | "corrected" | "expired" | "not_yet" | "unknown"
 *   able()                  → Promise of whether this browser can check Ed25519 signatures
 *
 * keys: a JWK set. A refusal is an Error whose code is "no_code", "malformed", "unknown_key", "forged", "another_number",
 * or "unable" where the browser lacks Ed25519.
 */
var PermitCode = (function () {
  "use strict";

  var PREFIX = "PP1:";
  var ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  var CWT = 61, STATUS = "permit-status", CODE_CLAIM = -65537, LIST_CLAIM = -65538;
  var LONGEST = 4000, DEEPEST = 8, SLOW_CLOCKS = 300;
  var FIRST_MOMENT = -62135596800, LAST_MOMENT = 253402300799; // the years 1 and 9999

  function refused(code) {
    var fault = new Error(code);
    fault.code = code;
    return fault;
  }

  function joined(parts) {
    var made = new Uint8Array(parts.reduce(function (sum, part) { return sum + part.length; }, 0));
    parts.reduce(function (at, part) { made.set(part, at); return at + part.length; }, 0);
    return made;
  }

  function hex(bytes) {
    return Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }

  /* -- base45 (RFC 9285) ------------------------------------------------------------------------------------- */

  function base45(text) {
    var made = [];
    for (var at = 0; at < text.length; at += 3) {
      var part = text.slice(at, at + 3), number = 0, place = 1;
      for (var character of part) {
        var value = ALPHABET.indexOf(character);
        if (value < 0) throw refused("malformed");
        number += value * place;
        place *= 45;
      }
      if (part.length === 1 || number >= Math.pow(256, part.length - 1)) throw refused("malformed");
      if (part.length === 3) made.push(number >> 8);
      made.push(number & 255);
    }
    return Uint8Array.from(made);
  }

  /* -- CBOR, in its one spelling (RFC 8949, 4.2.1): numbers, bytes, texts, arrays, and maps as Map -------------- */

  function cbor(data) {
    var at = 0;

    function taken(count) {
      if (count > data.length - at) throw refused("malformed");
      at += count;
      return data.subarray(at - count, at);
    }

    function head(first) {
      var low = first & 31;
      if (low < 24) return low;
      if (low > 27) throw refused("malformed");
      var size = 1 << (low - 24);
      var number = taken(size).reduce(function (sum, byte) { return sum * 256 + byte; }, 0);
      var least = size === 1 ? 24 : Math.pow(2, 4 * size);
      if (number < least || number > Number.MAX_SAFE_INTEGER) throw refused("malformed");
      return number;
    }

    function text(bytes) {
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch (fault) {
        throw refused("malformed");
      }
    }

    function map(count, deep) {
      var made = new Map(), before = new Uint8Array(0);
      for (var n = 0; n < count; n += 1) {
        var begin = at, key = value(deep - 1), bytes = data.subarray(begin, at);
        if ((typeof key !== "number" && typeof key !== "string") || !isBefore(before, bytes)) throw refused("malformed");
        before = bytes;
        made.set(key, value(deep - 1));
      }
      return made;
    }

    function value(deep) {
      if (deep === 0) throw refused("malformed");
      var first = taken(1)[0], number = head(first);
      switch (first >> 5) {
        case 0: return number;
        case 1: return -1 - number;
        case 2: return taken(number);
        case 3: return text(taken(number));
        case 4:
          var list = [];
          for (var n = 0; n < number; n += 1) list.push(value(deep - 1));
          return list;
        case 5: return map(number, deep);
        default: throw refused("malformed");
      }
    }

    var found = value(DEEPEST);
    if (at !== data.length) throw refused("malformed");
    return found;
  }

  function isBefore(one, other) {
    for (var n = 0; n < one.length && n < other.length; n += 1) {
      if (one[n] !== other[n]) return one[n] < other[n];
    }
    return one.length < other.length;
  }

  function cborHead(kind, number) {
    if (number < 24) return [kind << 5 | number];
    if (number < 256) return [kind << 5 | 24, number];
    if (number < 65536) return [kind << 5 | 25, number >> 8, number & 255];
    return [kind << 5 | 26, number >>> 24, number >> 16 & 255, number >> 8 & 255, number & 255];
  }

  /* -- COSE_Sign1 (RFC 9052) --------------------------------------------------------------------------------- */

  /** What is signed: ["Signature1", protected, h'', payload]. */
  function signed(header, payload) {
    var name = new TextEncoder().encode("Signature1");
    return joined([
      [0x84], cborHead(3, name.length), name, cborHead(2, header.length), header, [0x40], cborHead(2, payload.length), payload
    ]);
  }

  var imported = {};

  async function publicKey(keyId, keys) {
    var jwk = keys.keys.filter(function (each) { return each.kid === keyId && each.kty === "OKP" && each.crv === "Ed25519"; })[0];
    if (!jwk) throw refused("unknown_key");
    if (!window.crypto || !crypto.subtle) throw refused("unable");
    try {
      imported[jwk.x] = imported[jwk.x] || await crypto.subtle.importKey(
        "jwk", { kty: "OKP", crv: "Ed25519", x: jwk.x }, { name: "Ed25519" }, false, ["verify"]);
    } catch (fault) {
      throw refused("unable");
    }
    return imported[jwk.x];
  }

  async function unsealed(data, type, keys) {
    var parts = data[0] === 0xd2 ? cbor(data.subarray(1)) : null;
    if (!Array.isArray(parts) || parts.length !== 4) throw refused("malformed");
    var isBytes = [0, 2, 3].every(function (n) { return parts[n] instanceof Uint8Array; });
    if (!isBytes || !(parts[1] instanceof Map) || parts[1].size) throw refused("malformed");
    var header = cbor(parts[0]);
    if (!(header instanceof Map) || header.size !== 3) throw refused("malformed");
    if (header.get(1) !== -8 || header.get(16) !== type || !(header.get(4) instanceof Uint8Array)) throw refused("malformed");
    var keyId = hex(header.get(4));
    var key = await publicKey(keyId, keys);
    if (!await crypto.subtle.verify({ name: "Ed25519" }, key, parts[3], signed(parts[0], parts[2]))) throw refused("forged");
    var contents = cbor(parts[2]);
    if (!(contents instanceof Map)) throw refused("malformed");
    return { contents: contents, keyId: keyId };
  }

  function moment(seconds) {
    if (typeof seconds !== "number" || seconds < FIRST_MOMENT || seconds > LAST_MOMENT) throw refused("malformed");
    return seconds;
  }

  /* -- the code on a permit ---------------------------------------------------------------------------------- */

  /** What a scanned or typed text says: a code, or an address that ends in one behind a #. */
  async function read(text, keys) {
    text = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
    if (text.length > LONGEST) throw refused("no_code");
    var number = null;
    if (text.indexOf(PREFIX) !== 0) {
      var mark = text.indexOf("#");
      if (mark < 0 || text.indexOf(PREFIX, mark) !== mark + 1) throw refused("no_code");
      var onIt = /\/verify\/([0-9A-Z-]+)\/$/.exec(text.slice(0, mark));
      number = onIt ? onIt[1] : "";
      text = text.slice(mark + 1);
      if (/ |%(?!2[05])/.test(text)) throw refused("malformed");
      text = text.replace(/%20/g, " ").replace(/%25/g, "%");
    }
    var opened = await unsealed(base45(text.slice(PREFIX.length)), CWT, keys);
    var code = claimed(opened);
    if (number !== null && number !== code.number) throw refused("another_number");
    return code;
  }

  function claimed(opened) {
    var claims = opened.contents, ours = claims.get(CODE_CLAIM);
    if (!(ours instanceof Map)) throw refused("malformed");
    var code = {
      number: claims.get(2), holder: ours.get(1), uscc: ours.has(2) ? ours.get(2) : "", service: ours.get(3),
      issued: moment(claims.get(5)), signed: moment(claims.get(6)), expires: claims.has(4) ? moment(claims.get(4)) : null,
      keyId: opened.keyId, cut: ours.get(4) === 1
    };
    var isText = [code.number, code.holder, code.uscc, code.service].every(function (each) { return typeof each === "string"; });
    if (!isText) throw refused("malformed");
    return code;
  }

  /* -- the list of those that are not good any more ------------------------------------------------------------ */

  async function readList(bytes, keys) {
    var claims = (await unsealed(bytes, STATUS, keys)).contents, ours = claims.get(LIST_CLAIM);
    var parts = ours instanceof Map ? [1, 2, 3].map(function (part) { return ours.get(part); }) : [];
    if (parts.length !== 3 || !parts.every(function (part) { return part instanceof Map; })) throw refused("malformed");
    return {
      asOf: moment(claims.get(6)), expires: moment(claims.get(4)), revoked: parts[0], superseded: parts[1], corrected: parts[2]
    };
  }

  function judge(code, list, now) {
    if (list && list.revoked.has(code.number)) return "revoked";
    if (list && list.superseded.has(code.number)) return "superseded";
    if (list && code.signed < (list.corrected.get(code.number) || 0)) return "corrected";
    if (code.expires !== null && now >= code.expires) return "expired";
    if (code.issued > now + SLOW_CLOCKS) return "not_yet";
    return list && now < list.expires ? "valid" : "unknown";
  }

  /** RFC 8032's first test key: whoever can import it can check signatures. */
  async function able() {
    var known = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
    try {
      await crypto.subtle.importKey("jwk", known, { name: "Ed25519" }, false, ["verify"]);
      return true;
    } catch (fault) {
      return false;
    }
  }

  return { PREFIX: PREFIX, read: read, readList: readList, judge: judge, able: able };
})();
