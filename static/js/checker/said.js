/*
 * What a code is worth, as a notice and a list of what it says: for the checker (page.js) and the public page (verify.js).
 *   CodeSaid(words, sprite, language) → {notice(level, title, lines), rows(code, titles), say(word, gaps), time(seconds), day(seconds)}
 */
var CodeSaid = function (words, sprite, language) {
  "use strict";

  var LEVELS = { success: "check-circle-fill", warning: "exclamation-triangle-fill", error: "x-circle-fill", info: "info-circle-fill" };
  var LOCALE = language === "zh" ? "zh-CN" : "en-GB";

  function say(word, gaps) {
    return words[word].replace(/\{(\d)\}/g, function (_all, n) { return String((gaps || [])[n]); });
  }

  function element(name, classes, text, parent) {
    var made = document.createElement(name);
    if (classes) made.className = classes;
    if (text) made.textContent = text;
    if (parent) parent.appendChild(made);
    return made;
  }

  function icon(name, parent) {
    var SVG = "http://www.w3.org/2000/svg";
    var made = document.createElementNS(SVG, "svg");
    made.setAttribute("class", "icon");
    made.setAttribute("aria-hidden", "true");
    made.appendChild(document.createElementNS(SVG, "use")).setAttribute("href", sprite + "#" + name);
    parent.appendChild(made);
  }

  function notice(level, title, lines) {
    var made = element("div", "notice notice-" + level);
    icon(LEVELS[level], made);
    var text = element("div", "", "", made);
    if (title) element("h2", "", title, text);
    lines.forEach(function (line) { element("p", "", line, text); });
    return made;
  }

  function time(seconds) {
    return new Date(seconds * 1000).toLocaleString(LOCALE, { timeZone: "Asia/Shanghai", dateStyle: "medium", timeStyle: "short" });
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

  return { notice: notice, rows: rows, say: say, time: time, day: day, element: element };
};
