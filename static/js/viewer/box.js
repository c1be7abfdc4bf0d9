/*
 * A file in its box: a frame without an origin that draws its pages (sheet.mjs), made for this file and thrown away with it.
 *
 *   portalBox(frame's address, bytes, type, title).then(box)   rejected with a word: broken, locked, late
 *   box.pages   box.ask({page, …}) gives a promise   box.close()
 */
(function () {
  "use strict";

  var OPENING = 60000, ANSWERING = 45000;

  window.portalBox = function (address, bytes, type, title) {
    return new Promise(function (resolve, reject) {
      var frame = document.createElement("iframe");
      var pair = new MessageChannel(), port = pair.port1;
      var asked = {}, last = 0;

      function close() {
        window.removeEventListener("message", begin);
        clearTimeout(late);
        Object.keys(asked).forEach(function (id) { asked[id].reject("closed"); });
        port.close();
        frame.remove();
      }
      function refuse(word) { close(); reject(word); }
      function begin(event) {
        if (event.source !== frame.contentWindow || event.data !== "ready") return;
        window.removeEventListener("message", begin);
        // "*", for its origin is none; what is said is only heard by this very frame.
        frame.contentWindow.postMessage({ bytes: bytes, type: type }, "*", [pair.port2, bytes]);
      }
      function ask(question) {
        return new Promise(function (answered, refused) {
          var id = ++last, timer = setTimeout(function () { delete asked[id]; refused("late"); }, ANSWERING);
          asked[id] = {
            resolve: function (said) { clearTimeout(timer); answered(said); },
            reject: function (word) { clearTimeout(timer); refused(word); }
          };
          port.postMessage(Object.assign({ id: id }, question));
        });
      }
      port.onmessage = function (event) {
        var said = event.data;
        if (said.id === undefined && said.fault) { refuse(said.fault); return; }
        if (said.id === undefined) {
          clearTimeout(late);
          resolve({ pages: said.pages, ask: ask, close: close });
          return;
        }
        var waiting = asked[said.id];
        delete asked[said.id];
        if (!waiting) { if (said.picture) said.picture.close(); return; }
        if (said.fault) waiting.reject(said.fault); else waiting.resolve(said);
      };
      var late = setTimeout(function () { refuse("late"); }, OPENING);
      window.addEventListener("message", begin);
      frame.setAttribute("sandbox", "allow-scripts");
      frame.setAttribute("aria-hidden", "true");
      frame.tabIndex = -1;
      frame.title = title;
      frame.className = "vw-box";
      frame.src = address;
      document.body.appendChild(frame);
    });
  };
})();
