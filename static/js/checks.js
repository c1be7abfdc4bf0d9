/*
 * Files that are being checked: each row asks how far it is, and is shown anew when that is known. Without script the page of
 * materials comes anew by itself. A row that waits: <li data-check="address">, see templates/components/file_row.html.
 */
(function () {
  "use strict";

  var FIRST = 700, LONGEST = 10000; // milliseconds

  function follow(row, wait) {
    setTimeout(function () { ask(row, wait); }, wait);
  }

  function ask(row, wait) {
    if (!row.isConnected) return;
    if (document.hidden) { follow(row, 2000); return; }
    fetch(row.dataset.check, { headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin", cache: "no-store" })
      .then(function (answer) {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      })
      .then(function (said) { show(row, said, wait); })
      .catch(function () { follow(row, Math.min(wait * 2, LONGEST)); });
  }

  function show(row, said, wait) {
    if ("reload" in row.dataset) {  // a page that sums up: it is asked for once more when there is something new
      if (said.state === row.dataset.state) follow(row, Math.min(wait * 1.4, LONGEST));
      else location.reload();
      return;
    }
    if (said.state === "checking" || said.state === "held") {
      if (row.dataset.state !== said.state) row = exchanged(row, said);
      row.dataset.state = said.state;
      follow(row, Math.min(wait * 1.4, LONGEST));
      return;
    }
    if (said.state === "gone") { row.remove(); return; }
    var list = row.parentElement, fresh = exchanged(row, said);
    if (said.replace && list) {
      Array.prototype.slice.call(list.children).forEach(function (other) { if (other !== fresh && !other.classList.contains("is-sending")) other.remove(); });
    }
    var told = fresh.closest("[data-requirement]");
    var status = told && told.querySelector("[data-requirement-status]");  // what is owed: it came, or it is owed still
    if (status) status.innerHTML = said.status_html || "";
    var aloud = told && told.querySelector("[aria-live]");
    if (aloud) aloud.textContent = fresh.querySelector(".file-name").textContent + ": " + fresh.querySelector(".file-state").textContent;
    fresh.dispatchEvent(new CustomEvent("portal:checked", { bubbles: true, detail: said }));
  }

  /** The row is made by the server; it takes the place of the one that waited. */
  function exchanged(row, said) {
    var holder = document.createElement("template");
    holder.innerHTML = said.html.trim();
    var fresh = holder.content.firstElementChild;
    fresh.dataset.followed = "";
    row.replaceWith(fresh);
    return fresh;
  }

  function begin() {
    Array.prototype.forEach.call(document.querySelectorAll("[data-check]:not([data-followed])"), function (row) {
      row.dataset.followed = "";
      follow(row, FIRST);
    });
  }

  new MutationObserver(begin).observe(document.documentElement, { childList: true, subtree: true });
  begin();
})();
