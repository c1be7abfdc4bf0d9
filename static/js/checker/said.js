/*
 * What a code is worth, as a notice and a list of what it says: for the checker (page.js) and the public page (verify.js).
 *   CodeSaid(words, sprite, language) → {notice(level, title, lines), rows(code, titles), say(word, gaps), time(seconds), ago(count, unit), day(seconds)}
 */
var CodeSaid = function (words, sprite, language) {
  "use strict";

  var made = Notices(sprite), element = made.element;
  var LOCALE = language === "zh" ? "zh-CN" : "en-GB";

  function say(word, gaps) {
    return words[word].replace(/\{(\d)\}/g, function (_all, n) { return String((gaps || [])[n]); });
  }

  function time(seconds) {
    return new Date(seconds * 1000).toLocaleString(LOCALE, { timeZone: "Asia/Shanghai", dateStyle: "medium", timeStyle: "short" });
  }

  function ago(count, unit) {
    return new Intl.RelativeTimeFormat(LOCALE).format(-count, unit);
  }

  function day(seconds) {
    return new Date(seconds * 1000).toLocaleDateString(LOCALE, { timeZone: "Asia/Shanghai", dateStyle: "long" });
  }

  function rows(code, titles) {
    var list = element("dl", "summary");
    var title = (titles || {})[code.service];
    [
      ["holder", code.holder + (code.cut ? " … (" + words.cut + ")" : "")],
      ["uscc", code.uscc],
      ["number", code.number],
      ["service", title ? title[language] : code.service],
      ["issued", day(code.issued)],
      ["until", code.expires === null ? words.until_revoked : day(code.expires - 1)],
      ["key", code.keyId]
    ].forEach(function (row) {
      if (!row[1]) return;
      var line = element("div", "", "", list);
      element("dt", "", words[row[0]], line);
      element("dd", "", row[1], line);
    });
    return list;
  }

  return { notice: made.notice, rows: rows, say: say, time: time, ago: ago, day: day, element: element };
};
