import { LiveClient } from "./live-client";

let held: { userId: string; client: LiveClient } | undefined;

/** The tab's one client. It lives as long as the page: signing in or out loads a new one. */
export function liveOf(userId: string): LiveClient {
  if (held?.userId !== userId) held = { userId, client: new LiveClient(userId, toLogin) };
  return held.client;
}

function toLogin(): void {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}
