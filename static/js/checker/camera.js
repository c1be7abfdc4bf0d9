/*
 * QR codes from the camera or from a picture: by the browser's BarcodeDetector, else by jsQR, which is loaded when it is needed.
 *   PermitCamera(jsqr) → {start(video, found) → Promise, stop(), picture(file) → Promise of text or null}
 */
var PermitCamera = function (jsqr) {
  "use strict";

  var LARGEST = 2000; // pixels of a picture's longer side; what is larger is only slower
  var EVERY = 150; // milliseconds from look to look
  var stream = null;
  var looking = 0;

  async function detector() {
    try {
      var formats = await BarcodeDetector.getSupportedFormats();
      if (formats.indexOf("qr_code") >= 0) return new BarcodeDetector({ formats: ["qr_code"] });
    } catch (fault) { /* there is none */ }
    return null;
  }

  function fallback() {
    if (window.jsQR) return Promise.resolve();
    return new Promise(function (done, failed) {
      var script = document.createElement("script");
      script.src = jsqr;
      script.onload = done;
      script.onerror = function () { failed(new Error("jsQR")); };
      document.head.appendChild(script);
    });
  }

  function drawn(source, width, height) {
    var scale = Math.min(1, LARGEST / Math.max(width, height));
    var canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    var pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = "#fff"; // behind what is transparent
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
    return { canvas: canvas, pixels: pen.getImageData(0, 0, canvas.width, canvas.height) };
  }

  /** The text of the QR code in what is drawn, or null. */
  async function read(source, width, height, own) {
    var picture = drawn(source, width, height);
    if (own) {
      var found = await own.detect(picture.canvas);
      if (found.length) return found[0].rawValue;
    }
    await fallback();
    var code = jsQR(picture.pixels.data, picture.pixels.width, picture.pixels.height);
    return code ? code.data : null;
  }

  async function start(video, found) {
    stop();
    var turn = looking;
    if (!navigator.mediaDevices) throw new Error("https");
    var got = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
    if (turn !== looking) return got.getTracks().forEach(function (track) { track.stop(); });
    stream = got;
    video.srcObject = stream;
    await video.play();
    var own = await detector();
    var look = async function () {
      if (turn !== looking) return;
      var text = video.videoWidth ? await read(video, video.videoWidth, video.videoHeight, own) : null;
      if (turn !== looking) return;
      if (text) return found(text);
      setTimeout(look, EVERY);
    };
    look();
  }

  function stop() {
    looking += 1;
    if (stream) stream.getTracks().forEach(function (track) { track.stop(); });
    stream = null;
  }

  async function picture(file) {
    var image = await createImageBitmap(file);
    return read(image, image.width, image.height, await detector());
  }

  return { start: start, stop: stop, picture: picture };
};
