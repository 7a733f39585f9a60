import { api, must } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";

/** Where the service worker finds its words. */
const WORDS = "/notice-words";
const CACHE = "muster";
/** The subscription as the server knows it, of this browser alone. */
const KEPT = "muster.push";

export type NoticeState = "unsupported" | "blocked" | "off" | "on";

export async function noticeState(): Promise<NoticeState> {
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window))
    return "unsupported";
  if (Notification.permission === "denied") return "blocked";
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  const known = localStorage.getItem(KEPT) !== null;
  return known && subscription != null && Notification.permission === "granted" ? "on" : "off";
}

/** Asks for the permission, subscribes, and tells the server. */
export async function turnOnNotices(): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new Error(t.notices.notAllowed);
  const { key } = await must(api.GET("/api/v1/push/key"));
  await keepWords();
  const registration = await navigator.serviceWorker.ready;
  const earlier = await registration.pushManager.getSubscription();
  // One that was made for another key is of no use here.
  await earlier?.unsubscribe();
  const subscription = await registration.pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: key })
    .catch((error: unknown) => {
      throw new Error(t.notices.noService, { cause: error });
    });
  const { endpoint, keys } = subscription.toJSON();
  const body = {
    endpoint: endpoint ?? "",
    keys: { p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" },
  };
  const { subscriptionId } = await must(api.POST("/api/v1/push/subscriptions", { body }));
  localStorage.setItem(KEPT, subscriptionId);
}

export async function turnOffNotices(): Promise<void> {
  const subscriptionId = localStorage.getItem(KEPT);
  localStorage.removeItem(KEPT);
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
  if (subscriptionId !== null) {
    const params = { path: { subscriptionId } };
    // Gone already is as good: the server forgets what no browser takes.
    await api.DELETE("/api/v1/push/subscriptions/{subscriptionId}", { params });
  }
}

/** The words of a notice in the language of now: the service worker has no other way to them. */
async function keepWords(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.put(WORDS, Response.json(t.notices.words));
}

/** Registers the service worker, and follows it to where a notice leads. */
export function followNotices(open: (place: string) => void): () => void {
  if (!("serviceWorker" in navigator)) return () => undefined;
  const { serviceWorker } = navigator;
  // Without it the page works all the same.
  serviceWorker.register("/service-worker.js").then(keepWords, () => undefined);
  const hear = (event: MessageEvent<{ open?: string }>) => {
    if (event.data.open !== undefined) open(event.data.open);
  };
  serviceWorker.addEventListener("message", hear);
  return () => serviceWorker.removeEventListener("message", hear);
}
