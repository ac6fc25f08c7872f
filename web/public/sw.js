// Lets the page open without a connection. It keeps files of the program only, never an answer of the API: what was
// collected stays in the database.
const version = "%VERSION%";
const shell = ["%SHELL%"];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(version)
      .then((cache) => cache.addAll(shell))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== version).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || url.pathname.startsWith("/api/")) return;
  if (request.mode === "navigate") {
    // The server's page, so that an update shows at once; the kept one if nobody answers.
    event.respondWith(fetch(request).catch(() => caches.match("/", { cacheName: version })));
  } else if (shell.includes(url.pathname)) {
    event.respondWith(caches.match(request, { cacheName: version }).then((kept) => kept ?? fetch(request)));
  }
});
