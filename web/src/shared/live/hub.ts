import { EventConnection, type OpenStream } from "./event-connection";
import type { FromTab, ToTab } from "./messages";

/** The part of a MessagePort that the hub needs. */
export interface TabPort {
  postMessage(message: ToTab): void;
  onmessage: ((event: MessageEvent<FromTab>) => void) | null;
}

/** A frozen background tab may miss pings for a while; a crashed one never comes back. */
const TAB_LOST_MS = 5 * 60_000;

/** Shares one connection among the tabs of one signed-in user. */
export class Hub {
  private readonly tabs = new Map<TabPort, { sessions: Set<string>; heard: number }>();
  private readonly connection: EventConnection;
  private ready = false;

  constructor(userId: string, open: OpenStream) {
    this.connection = new EventConnection(userId, open, {
      frame: (frame) => this.deliver(frame.stream, userId, { type: "frame", frame }),
      status: (status) => this.broadcast({ type: "status", status }),
      refetch: () => {
        this.ready = true;
        this.broadcast({ type: "refetch" });
      },
      signedOut: () => this.broadcast({ type: "signed-out" }),
    });
    this.connection.start();
  }

  connect(port: TabPort): void {
    this.dropLost();
    this.tabs.set(port, { sessions: new Set(), heard: Date.now() });
    port.onmessage = ({ data }) => this.hear(port, data);
    port.postMessage({ type: "status", status: this.connection.status });
    if (this.ready) port.postMessage({ type: "refetch" });
  }

  private hear(port: TabPort, message: FromTab): void {
    const tab = this.tabs.get(port);
    if (tab === undefined) return;
    tab.heard = Date.now();
    switch (message.type) {
      case "watch":
        tab.sessions.add(message.session);
        this.connection.watch(message.session, message.cursor);
        return;
      case "unwatch":
        tab.sessions.delete(message.session);
        this.letGo([message.session]);
        return;
      case "wake":
        this.connection.wake();
        return;
      case "bye":
        this.tabs.delete(port);
        this.letGo([...tab.sessions]);
        return;
      case "ping":
        return;
    }
  }

  private letGo(sessions: readonly string[]): void {
    const wanted = new Set([...this.tabs.values()].flatMap((tab) => [...tab.sessions]));
    for (const id of sessions) if (!wanted.has(id)) this.connection.unwatch(id);
  }

  private deliver(stream: string, userId: string, message: ToTab): void {
    for (const [port, tab] of this.tabs)
      if (stream === userId || tab.sessions.has(stream)) port.postMessage(message);
  }

  private broadcast(message: ToTab): void {
    for (const port of this.tabs.keys()) port.postMessage(message);
  }

  private dropLost(): void {
    for (const [port, tab] of this.tabs)
      if (Date.now() - tab.heard > TAB_LOST_MS) {
        this.tabs.delete(port);
        this.letGo([...tab.sessions]);
      }
  }
}
