// Shows what the server tells while nobody looks at the page, and leads to where it happened. It keeps
// nothing of the page: without the server there is nothing to talk to.

// The page puts its words here, in the language that its user chose.
const WORDS = "/notice-words";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const notice = event.data?.json();
  if (notice !== undefined) event.waitUntil(show(notice));
});

async function show({ kind, title, workerId, chatSessionId }) {
  const windows = await self.clients.matchAll({ type: "window" });
  // Whoever looks at the page sees it there.
  if (windows.some((window) => window.focused && window.visibilityState === "visible")) return;
  const words = await (await caches.match(WORDS))?.json();
  await self.registration.showNotification(title || "Muster", {
    body: words?.[kind] ?? "",
    // One for each session: a newer one takes its place.
    tag: chatSessionId ?? workerId,
    renotify: kind !== "done",
    icon: "/icon-192.png",
    badge: "/icon-192.png",
    data: { place: placeOf(workerId, chatSessionId) },
  });
}

function placeOf(workerId, chatSessionId) {
  const place = new URLSearchParams({ worker: workerId });
  if (chatSessionId !== undefined) place.set("session", chatSessionId);
  return `/app?${place}`;
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data.place));
});

async function lead(place) {
  const [window] = await self.clients.matchAll({ type: "window" });
  if (window === undefined) return self.clients.openWindow(place);
  await window.focus();
  // Within the page: what is written in it stays.
  window.postMessage({ open: place });
}
