import { OWN } from "@/shared/account/own-storage";
import { api, must } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";

/** Where the service worker finds its words. */
const WORDS = "/notice-words";
const CACHE = "muster";
/** Who asked for notices in this browser. */
const WANTED = `${OWN}notices`;

export type NoticeState = "unsupported" | "blocked" | "off" | "on";

export async function noticeState(): Promise<NoticeState> {
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window))
    return "unsupported";
  if (Notification.permission === "denied") return "blocked";
  return (await subscribed()) !== undefined && (await told()) !== undefined ? "on" : "off";
}

/** What this browser's push service brings, if that is allowed. */
async function subscribed(): Promise<PushSubscription | undefined> {
  if (Notification.permission !== "granted") return undefined;
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ?? undefined;
}

/** The subscription as the server knows it: it ends with the sign-in. */
async function told(): Promise<string | undefined> {
  return (await must(api.GET("/api/v1/push/key"))).subscriptionId ?? undefined;
}

/** Asks for the permission, subscribes, and tells the server. */
export async function turnOnNotices(userId: string): Promise<void> {
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
  await tell(subscription);
  localStorage.setItem(WANTED, userId);
}

/** The server is to tell this browser from now on. */
async function tell(subscription: PushSubscription): Promise<void> {
  const { endpoint, keys } = subscription.toJSON();
  const body = {
    endpoint: endpoint ?? "",
    keys: { p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" },
  };
  await must(api.POST("/api/v1/push/subscriptions", { body }));
}

/** Whoever asked for notices here and signs in anew goes on being told; nobody else is, and nobody after signing out. */
async function renewNotices(userId: string): Promise<void> {
  if (localStorage.getItem(WANTED) !== userId) return;
  const subscription = await subscribed();
  if (subscription !== undefined && (await told()) === undefined) await tell(subscription);
}

export async function turnOffNotices(): Promise<void> {
  localStorage.removeItem(WANTED);
  // This first: it needs no server.
  await (await subscribed())?.unsubscribe();
  const subscriptionId = await told();
  if (subscriptionId !== undefined) {
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
export function followNotices(userId: string, open: (place: string) => void): () => void {
  if (!("serviceWorker" in navigator)) return () => undefined;
  const { serviceWorker } = navigator;
  // Without it the page works all the same.
  serviceWorker
    .register("/service-worker.js")
    .then(keepWords)
    .then(() => renewNotices(userId))
    .catch(() => undefined);
  const hear = (event: MessageEvent<{ open?: string }>) => {
    if (event.data.open !== undefined) open(event.data.open);
  };
  serviceWorker.addEventListener("message", hear);
  return () => serviceWorker.removeEventListener("message", hear);
}
