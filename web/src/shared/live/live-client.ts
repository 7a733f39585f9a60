import { createStore } from "zustand/vanilla";
import { forgetAskedAhead } from "@/shared/api/asked-ahead";
import type { Frame } from "./frame";
import { Hub } from "./hub";
import HubWorker from "./hub.worker?sharedworker";
import type { FromTab, LinkStatus, ToTab } from "./messages";
import { openStream } from "./open-stream";

const PING_MS = 60_000;

type FrameListener = (frame: Frame) => void;

interface Watched {
  listener: FrameListener;
  /** The last that was heard of it, or from where it was to be heard. */
  cursor: string;
}

/** This tab's end of the shared connection. */
export class LiveClient {
  readonly status = createStore<LinkStatus>(() => ({ phase: "connecting", since: Date.now() }));
  private port: MessagePort | undefined;
  private readonly user = new Set<FrameListener>();
  private readonly refetch = new Set<() => void>();
  private readonly sessions = new Map<string, Watched>();

  constructor(
    readonly userId: string,
    private readonly onSignedOut: () => void,
  ) {
    this.listenToPage();
  }

  /** Begins to hear. What was fetched before is fetched anew then, so it is as well done once that is shown. */
  connect(): void {
    if (this.port !== undefined) return;
    this.port = portOf(this.userId);
    this.port.onmessage = ({ data }: MessageEvent<ToTab>) => this.hear(data);
    this.watchAll();
  }

  onUserFrame(listener: FrameListener): () => void {
    this.user.add(listener);
    return () => this.user.delete(listener);
  }

  /** The user stream begins, now or again: what was fetched before may have missed a change. */
  onRefetch(listener: () => void): () => void {
    this.refetch.add(listener);
    return () => this.refetch.delete(listener);
  }

  /** Follows one session strictly after `cursor`; the listener also gets its `resync`. */
  watch(session: string, cursor: string, listener: FrameListener): () => void {
    this.sessions.set(session, { listener, cursor });
    this.say({ type: "watch", session, cursor });
    return () => {
      if (this.sessions.get(session)?.listener !== listener) return;
      this.sessions.delete(session);
      this.say({ type: "unwatch", session });
    };
  }

  private hear(message: ToTab): void {
    switch (message.type) {
      case "status":
        this.status.setState(message.status, true);
        return;
      case "signed-out":
        this.onSignedOut();
        return;
      case "refetch":
        forgetAskedAhead();
        this.refetch.forEach((listener) => listener());
        return;
      case "forgotten":
        this.watchAll();
        return;
      case "frames":
        for (const frame of message.frames) this.handOn(frame);
    }
  }

  private watchAll(): void {
    for (const [session, { cursor }] of this.sessions) this.say({ type: "watch", session, cursor });
  }

  private handOn(frame: Frame): void {
    if (frame.stream === this.userId) {
      this.user.forEach((listener) => listener(frame));
      return;
    }
    const watched = this.sessions.get(frame.stream);
    if (watched === undefined) return;
    // A resync says that there is no going on from its id.
    if (frame.event !== "resync") watched.cursor = frame.id;
    watched.listener(frame);
  }

  private listenToPage(): void {
    window.addEventListener("offline", () => this.say({ type: "doubt" }));
    window.addEventListener("online", () => this.say({ type: "wake" }));
    window.addEventListener("pagehide", () => this.say({ type: "bye" }));
    // Back from the back-forward cache: the hub has let this tab go.
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.say({ type: "wake" });
    });
    setInterval(() => this.say({ type: "ping" }), PING_MS);
  }

  private say(message: FromTab): void {
    this.port?.postMessage(message);
  }
}

/** The hub in a SharedWorker where there is one, else a hub of this tab's own. */
function portOf(userId: string): MessagePort {
  if (typeof SharedWorker === "function") return new HubWorker({ name: userId }).port;
  const { port1, port2 } = new MessageChannel();
  new Hub(userId, openStream).connect(port1);
  return port2;
}
