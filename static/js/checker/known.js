/*
 * What this device knows of permits: the keys, and the list of revoked ones. Fetched when there is a network and kept in
 * localStorage: "checker:keys" (JSON), "checker:list" (base64). Needs cose.js.
 *   PermitKnown(addressOfKeys, addressOfList) → {keys, list (null: none yet), recall() → Promise, refresh() → Promise of a word}
 * The word of a refresh: "" | "not_kept" | "list_refused" | "offline".
 */
var PermitKnown = function (addressOfKeys, addressOfList) {
  "use strict";

  var known = { keys: null, list: null, recall: recall, refresh: refresh };

  function toBytes(text) { return Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); }); }

  function toText(bytes) {
    var binary = "";
    for (var at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192));
    return btoa(binary);
  }

  async function recall() {
    try {
      known.keys = JSON.parse(localStorage.getItem("checker:keys"));
      var kept = localStorage.getItem("checker:list");
      if (kept && known.keys) known.list = await PermitCode.readList(toBytes(kept), known.keys);
    } catch (fault) { /* nothing is kept, or by another edition of this page: it is fetched anew */ }
  }

  function keep(bytes) {
    try {
      localStorage.setItem("checker:keys", JSON.stringify(known.keys));
      localStorage.setItem("checker:list", toText(bytes));
      return "";
    } catch (fault) {
      return "not_kept";
    }
  }

  async function fetched(address) {
    var response = await fetch(address, { cache: "no-cache", credentials: "omit" });
    if (!response.ok) throw new Error(String(response.status));
    return response;
  }

  /** A list that is older than the one at hand is not taken: somebody may have kept it to hide a revocation. */
  async function refresh() {
    try {
      var keys = await (await fetched(addressOfKeys)).json();
      if (!Array.isArray(keys.keys)) throw new Error("no keys");
      known.keys = keys;
      var bytes = new Uint8Array(await (await fetched(addressOfList)).arrayBuffer());
      var list = await PermitCode.readList(bytes, keys);
      if (known.list && list.asOf < known.list.asOf) return "";
      known.list = list;
      return keep(bytes);
    } catch (fault) {
      return fault.code === "unable" ? "" : fault.code ? "list_refused" : "offline";
    }
  }

  return known;
};
