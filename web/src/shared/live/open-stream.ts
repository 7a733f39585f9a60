import type { OpenStream } from "./event-connection";

export const openStream: OpenStream = (wanted, signal) =>
  fetch("/api/v1/events", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(wanted),
    cache: "no-store",
    signal,
  });
