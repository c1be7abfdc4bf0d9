/*
 * Rows of a repeating group are added and removed on the page. Without this file the same buttons save the section and
 * come back with one row more or less.
 *
 *   [data-group="months" data-min data-max]  [data-rows]  [data-row="0"]  [data-add-row]  [data-remove-row]  template[data-blank]
 */
(function () {
  "use strict";

  function start(group) {
    var rows = group.querySelector("[data-rows]");
    var blank = group.querySelector("template[data-blank]");
    var add = group.querySelector("[data-add-row]");
    if (!rows || !blank) return;
    var next = rows.children.length;

    function say(key, number) {
      var place = group.querySelector("[data-said]");
      place.textContent = place.dataset[key].replace("{n}", number);
    }

    function changed() {
      var count = rows.children.length;
      Array.prototype.forEach.call(rows.children, function (row, index) {
        row.querySelector(".group-number").textContent = index + 1;
        row.setAttribute("aria-label", group.querySelector("legend").textContent + " " + (index + 1));
        var remove = row.querySelector("[data-remove-row]");
        if (remove) remove.hidden = count <= Math.max(Number(group.dataset.min), 1);
      });
      if (add) add.hidden = count >= Number(group.dataset.max);
      group.closest("form").dispatchEvent(new Event("rows"));
      group.closest("form").dispatchEvent(new Event("input", { bubbles: true }));
    }

    function firstControl(row) { return row && row.querySelector("input, select, textarea"); }

    if (add) {
      add.addEventListener("click", function (event) {
        event.preventDefault();
        var made = document.createElement("div");
        made.innerHTML = blank.innerHTML.replace(/\bNEW\b/g, next).replace(/-NEW-/g, "-" + next + "-");
        var row = made.firstElementChild;
        rows.appendChild(row);
        next += 1;
        changed();
        say("textAdded", rows.children.length);
        firstControl(row).focus();
      });
    }
    group.addEventListener("click", function (event) {
      var button = event.target.closest("[data-remove-row]");
      if (!button) return;
      event.preventDefault();
      var row = button.closest("[data-row]");
      var neighbour = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      changed();
      say("textRemoved");
      (firstControl(neighbour) || add).focus();
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    Array.prototype.forEach.call(document.querySelectorAll("[data-group]"), start);
  });
}());
