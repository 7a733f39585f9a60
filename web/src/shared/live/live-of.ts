import { LiveClient } from "./live-client";

let held: { userId: string; client: LiveClient } | undefined;

/** The tab's one client. It lives as long as the page: signing in or out loads a new one. */
export function liveOf(userId: string): LiveClient {
  if (held?.userId !== userId) held = { userId, client: new LiveClient(userId, toLogin) };
  return held.client;
}

let leaving = false;

/** Whoever signs out here knows it, and needs no words about it. */
export function setLeaving(isLeaving: boolean): void {
  leaving = isLeaving;
}

/** The sign-in is over: it ran out, or was ended on another device. */
function toLogin(): void {
  if (leaving) return;
  const next = encodeURIComponent(location.pathname + location.search);
  location.assign(`/login?problem=signed-out&next=${next}`);
}
