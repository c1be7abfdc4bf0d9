/* The review desk's script: a form marked data-once is sent once, and a click on a file shows it beside the form. */
(function () {
  "use strict";

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.hasAttribute("data-once") || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
  });

  // One more line for a row of a list: a copy of the last one, with its number in the names counted on.
  var MOST = 30;
  var lists = {};
  Array.prototype.forEach.call(document.querySelectorAll("[data-line-of]"), function (line) {
    lists[line.dataset.lineOf] = line;
  });
  Object.keys(lists).forEach(function (key) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "rv-button rv-more";
    button.textContent = "+ " + lists[key].dataset.more;
    lists[key].after(button);
    button.addEventListener("click", function () {
      var line = lists[key].cloneNode(true);
      var number = 0;
      Array.prototype.forEach.call(line.querySelectorAll("input"), function (input) {
        input.name = input.name.replace(/-(\d+)$/, function (_all, last) { number = Number(last) + 1; return "-" + number; });
        input.value = "";
        input.removeAttribute("aria-invalid");
      });
      line.classList.remove("rv-item-bad");
      button.before(line);
      lists[key] = line;
      line.querySelector("input").focus();
      if (number >= MOST) button.remove();
    });
  });

  // Whoever chooses to notify of corrections is going to list them.
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[name=outcome][value=correct]")) return;
    var list = event.target.form.querySelector(".rv-editor");
    if (list) list.open = true;
  });

  // Back from the next page: the form may be sent again; the workflow sees to it that nothing happens twice.
  window.addEventListener("pageshow", function () {
    Array.prototype.forEach.call(document.querySelectorAll("form[data-once]"), function (form) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    });
  });
})();
