/*
 * At a gate: the camera types the code and sends the form, for who has no hand scanner. Needs camera.js (PermitCamera).
 */
(function () {
  "use strict";

  var root = document.querySelector("[data-gate]");
  if (!root) return;
  var camera = PermitCamera(root.dataset.jsqr);

  function part(name) { return root.querySelector("[data-gate-" + name + "]"); }

  function watching(on) {
    part("view").hidden = part("stop").hidden = !on;
    part("start").hidden = on;
    part("said").textContent = on ? root.dataset.looking : "";
  }

  function stop() {
    camera.stop();
    watching(false);
  }

  async function start() {
    watching(true);
    try {
      await camera.start(part("video"), function (text) {
        stop();
        if (navigator.vibrate) navigator.vibrate(60);
        document.getElementById("text").value = text;
        part("form").requestSubmit();
      });
    } catch (fault) {
      stop();
      part("said").textContent = root.dataset.noCamera;
    }
  }

  part("start").addEventListener("click", start);
  part("stop").addEventListener("click", function () { stop(); part("start").focus(); });
  document.addEventListener("visibilitychange", function () { if (document.hidden) stop(); });
})();
