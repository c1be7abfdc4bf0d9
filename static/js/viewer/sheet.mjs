/*
 * Draws the pages of one file inside a box: a frame of an opaque origin (sandbox="allow-scripts"), made for this file and thrown
 * away with it. Whatever a file makes PDF.js do happens here, where there is no session, no page of the portal and, by the frame's
 * CSP, no network but PDF.js's own fonts and character maps. In come the bytes; out go pictures of pages, sizes and places of words.
 *
 *   <body data-pdf data-worker data-cmaps data-fonts data-wasm>    addresses, for this module's name is hashed
 *   the first message    {bytes, type} and the port for all that follows; answered {pages, width, height} or {fault}
 *   {id, page, pixels, turn}    the page drawn so many pixels wide, turned by so many degrees: {id, picture, width, height}
 *   {id, page}                  its size, unturned, in CSS pixels: {id, width, height}
 *   {id, page, words}           where these stand on it: {id, places: [[left, top, width, height] …]}, fractions of the page unturned
 */
const at = (name) => new URL(document.body.dataset[name], document.baseURI).href;  // a worker made of a blob knows no base
const MOST_PIXELS = 16e6;  // of one picture: 64 MB
const DOT = 96 / 72;  // a PDF counts in points

// A frame that can't be seen is given no animation frames, and PDF.js draws in them.
const waiting = [];
const next = new MessageChannel();
next.port1.onmessage = () => waiting.shift()?.(performance.now());
globalThis.requestAnimationFrame = (draw) => { waiting.push(draw); next.port2.postMessage(0); return 0; };
globalThis.cancelAnimationFrame = () => {};

function sheet(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  return canvas;
}

/** At most ``pixels`` wide, and never more than a picture may have. */
function scaleTo(pixels, width, height) {
  return Math.min(pixels / width, Math.sqrt(MOST_PIXELS / (width * height)));
}

async function photograph(bytes, type) {
  const photo = await createImageBitmap(new Blob([bytes], { type }));
  return {
    pages: 1,
    size: async () => [photo.width, photo.height],
    places: async () => [],
    draw: async (_page, pixels, turn) => {
      const lies = turn % 180 !== 0;
      const [width, height] = lies ? [photo.height, photo.width] : [photo.width, photo.height];
      const scale = Math.min(1, scaleTo(pixels, width, height));
      const canvas = sheet(width * scale, height * scale);
      const brush = canvas.getContext("2d");
      brush.translate(canvas.width / 2, canvas.height / 2);
      brush.rotate((turn * Math.PI) / 180);
      brush.drawImage(photo, (-photo.width * scale) / 2, (-photo.height * scale) / 2, photo.width * scale, photo.height * scale);
      return canvas;
    },
  };
}

/**
 * PDF.js's worker. It has to be of the frame's own origin, which is none: so it is a line of script that takes in the real one.
 * (Chromium starts no worker of type "module" from there.) What is said to it before it is ready would be lost.
 */
function worker() {
  const begin = `import(${JSON.stringify(at("worker"))}).catch((error) => setTimeout(() => { throw error; }))`;
  const made = new Worker(URL.createObjectURL(new Blob([begin], { type: "text/javascript" })));
  return new Promise((resolve, reject) => {
    made.onerror = reject;
    made.onmessage = () => { made.onmessage = null; resolve(made); };
  });
}

async function paper(bytes) {
  const pdfjs = await import(at("pdf"));
  pdfjs.GlobalWorkerOptions.workerPort = await worker();
  const file = await pdfjs.getDocument({
    data: bytes, cMapUrl: at("cmaps"), standardFontDataUrl: at("fonts"), wasmUrl: at("wasm"), useWasm: false,
    enableXfa: false, maxImageSize: 100e6, useSystemFonts: true, verbosity: 0,
  }).promise;
  const view = async (number, scale, turn) => {
    const page = await file.getPage(number);
    return [page, page.getViewport({ scale, rotation: (page.rotate + turn) % 360 })];
  };
  return {
    pages: file.numPages,
    size: async (number) => {
      const [, { width, height }] = await view(number, DOT, 0);
      return [width, height];
    },
    draw: async (number, pixels, turn) => {
      const [, whole] = await view(number, 1, turn);
      const [page, viewport] = await view(number, scaleTo(pixels, whole.width, whole.height), turn);
      const canvas = sheet(viewport.width, viewport.height);
      // What was filled in and stamped is drawn; nothing of it can be clicked or run, for there is no layer of annotations.
      await page.render({ canvas, viewport, annotationMode: pdfjs.AnnotationMode.ENABLE }).promise;
      return canvas;
    },
    places: async (number, words) => {
      const [page, viewport] = await view(number, 1, 0);
      const { items } = await page.getTextContent();
      return items.flatMap((item) => found(item, words).map(([from, to]) => placed(item, from, to, viewport, pdfjs)));
    },
  };
}

const plain = (text) => text.normalize("NFKC").toLowerCase();

/** Where the words begin and end in an item of the text, as shares of its length. */
function found(item, words) {
  const text = plain(item.str || "");
  const places = [];
  for (const word of words.map(plain)) {
    for (let here = word ? text.indexOf(word) : -1; here >= 0; here = text.indexOf(word, here + word.length)) {
      places.push([here / text.length, (here + word.length) / text.length]);
    }
  }
  return places;
}

function placed(item, from, to, viewport, pdfjs) {
  const [a, b, , , x, y] = item.transform;
  const long = Math.hypot(a, b) || 1;
  const [along, up] = [[a / long, b / long], [-b / long, a / long]];
  const corner = (share, height) => [
    x + along[0] * item.width * share + up[0] * height, y + along[1] * item.width * share + up[1] * height,
  ];
  const low = -0.2 * item.height;
  const corners = [corner(from, low), corner(to, item.height), corner(from, item.height), corner(to, low)].map(([px, py]) => viewport.convertToViewportPoint(px, py));
  const [xs, ys] = [0, 1].map((axis) => corners.map((each) => each[axis]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left / viewport.width, top / viewport.height, (Math.max(...xs) - left) / viewport.width, (Math.max(...ys) - top) / viewport.height];
}

async function answer(file, { page, pixels, turn, words }) {
  if (words) return { places: (await file.places(page, words)).slice(0, 200) };
  if (!pixels) {
    const [width, height] = await file.size(page);
    return { width, height };
  }
  const canvas = await file.draw(page, pixels, turn);
  const picture = await createImageBitmap(canvas);
  return { picture, width: canvas.width, height: canvas.height };
}

/** Why it can't be shown, in a word that the page has a sentence for. */
function fault(error) {
  return { fault: error?.name === "PasswordException" ? "locked" : "broken" };
}

addEventListener("message", async (event) => {
  if (event.source !== parent) return;
  const [port] = event.ports;
  const { bytes, type } = event.data;
  let file;
  try {
    file = await (type === "application/pdf" ? paper(bytes) : photograph(bytes, type));
  } catch (error) {
    port.postMessage(fault(error));
    return;
  }
  // One after the other: PDF.js draws a page once at a time, and the memory of two pages is not needed at once.
  let turn = Promise.resolve();
  port.onmessage = ({ data }) => {
    turn = turn.then(async () => {
      try {
        const reply = { id: data.id, ...(await answer(file, data)) };
        port.postMessage(reply, reply.picture ? [reply.picture] : []);
      } catch (error) {
        port.postMessage({ id: data.id, ...fault(error) });
      }
    });
  };
  port.postMessage({ pages: file.pages });
}, { once: true });
parent.postMessage("ready", "*");
