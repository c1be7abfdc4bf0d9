{% comment %}The checker's service worker. about: JSON of version, kept (addresses), home, pages (language: address){% endcomment %}/*
 * Keeps the offline checker, and nothing else: its scope is its folder. What it keeps is answered without asking the network;
 * it is fetched anew when the version below is another. Keys and lists are the page's affair (page.js).
 */
"use strict";
const ABOUT = {{ about|safe }};
const NAME = "checker-" + ABOUT.version;

self.addEventListener("install", (event) => {
  const fresh = ABOUT.kept.map((address) => new Request(address, { cache: "reload" }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name.startsWith("checker-") && name !== NAME));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin) return;
  if (ABOUT.kept.includes(address.pathname)) {
    event.respondWith(caches.open(NAME).then((cache) => cache.match(address.pathname, { ignoreVary: true })).then((kept) => kept || fetch(event.request)));
  } else if (address.pathname === ABOUT.home && event.request.mode === "navigate") {
    const own = navigator.language.startsWith("zh") ? ABOUT.pages.zh : ABOUT.pages.en;
    event.respondWith(fetch(event.request).catch(() => Response.redirect(own)));
  }
});
