/*
 * Notices made by a script, as templates/components/notice.html makes them: for pages that find out in the browser what they say.
 *   Notices(sprite) → {element(name, classes, text, parent), icon(name, parent), notice(level, title, lines)}
 */
var Notices = function (sprite) {
  "use strict";

  var SVG = "http://www.w3.org/2000/svg";
  var LEVELS = { success: "check-circle-fill", warning: "exclamation-triangle-fill", error: "x-circle-fill", info: "info-circle-fill" };

  function element(name, classes, text, parent) {
    var made = document.createElement(name);
    if (classes) made.className = classes;
    if (text) made.textContent = text;
    if (parent) parent.appendChild(made);
    return made;
  }

  function icon(name, parent) {
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

  return { element: element, icon: icon, notice: notice };
};
