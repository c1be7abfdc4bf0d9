/*
 * On the public page of a permit: what the code in the address behind the # says of the paper in somebody's hand. A browser
 * doesn't send that part, so it is checked here (checker/cose.js). Without it, or without script, the register's word stands alone.
 *
 *   [data-paper][data-keys][data-language][data-corrected]   where the answer goes; #paper-words: what is said
 */
(function () {
  "use strict";

  var place = document.querySelector("[data-paper]");
  if (!place || location.hash.indexOf("#" + PermitCode.PREFIX) !== 0) return;
  var WORDS = JSON.parse(document.getElementById("paper-words").textContent);
  var SPRITE = document.querySelector("use").getAttribute("href").split("#")[0];
  var said = CodeSaid(WORDS, SPRITE, place.dataset.language);

  function show(level, title, lines) {
    place.replaceChildren(said.notice(level, title, lines));
    place.hidden = false;
  }

  /** A person's name as the page itself shows it: this page is anybody's. An enterprise, which has a USCC, is public. */
  function shown(code) {
    var letters = Array.from(code.holder);
    if (code.uscc) return code.holder + (code.cut ? " …" : "");
    return (letters[0] || "") + "*".repeat(Math.max(letters.length - 1, 1));
  }

  (async function () {
    var code;
    try {
      var keys = await (await fetch(place.dataset.keys)).json();
      code = await PermitCode.read(location.origin + location.pathname + location.hash, keys);
    } catch (fault) {
      if (!fault.code || fault.code === "unable") {
        show("warning", WORDS.paper_unchecked, fault.code ? [WORDS.unable_more] : []);
      } else {
        show("error", WORDS.paper_bad, [WORDS[fault.code], WORDS[fault.code + "_more"]]);
      }
      return;
    }
    var isOld = code.signed < Number(place.dataset.corrected || 0);
    var words = said.say(isOld ? "paper_corrected_more" : "paper_genuine_more", [shown(code)]);
    show(isOld ? "warning" : "info", WORDS.paper_genuine, [words]);
  })();
})();
