import { EventConnection, type OpenStream } from "./event-connection";
import type { Frame } from "./frame";
import type { FromTab, ToTab } from "./messages";

/** The part of a MessagePort that the hub needs. */
export interface TabPort {
  postMessage(message: ToTab): void;
  onmessage: ((event: MessageEvent<FromTab>) => void) | null;
}

/** A frozen background tab may miss pings for a while, and is let in again; a crashed one never comes back. */
const TAB_LOST_MS = 5 * 60_000;

/** What follows a frame within this time goes to its tab together: each message costs the tab as much as ten frames. */
const TOGETHER_MS = 30;

interface Tab {
  sessions: Set<string>;
  heard: number;
  /** Frames that go together; none: the next one goes at once. */
  waiting: Frame[] | null;
}

/** Shares one connection among the tabs of one signed-in user. */
export class Hub {
  private readonly tabs = new Map<TabPort, Tab>();
  private readonly connection: EventConnection;
  private ready = false;

  constructor(userId: string, open: OpenStream) {
    this.connection = new EventConnection(userId, open, {
      frame: (frame) => this.deliver(frame, userId),
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
    this.admit(port);
    port.onmessage = ({ data }) => this.hear(port, data);
  }

  private admit(port: TabPort): Tab {
    const tab: Tab = { sessions: new Set(), heard: Date.now(), waiting: null };
    this.tabs.set(port, tab);
    // One that comes after a sign-out has signed in again, or is to hear of it.
    this.connection.start();
    port.postMessage({ type: "status", status: this.connection.status });
    if (this.ready) port.postMessage({ type: "refetch" });
    return tab;
  }

  /** A tab that was taken for lost was only frozen. What it watched, it knows best itself. */
  private welcomeBack(port: TabPort): Tab {
    const tab = this.admit(port);
    port.postMessage({ type: "forgotten" });
    return tab;
  }

  private hear(port: TabPort, message: FromTab): void {
    const tab = this.tabs.get(port) ?? this.welcomeBack(port);
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
      case "doubt":
        this.connection.doubt();
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

  private deliver(frame: Frame, userId: string): void {
    for (const [port, tab] of this.tabs)
      if (frame.stream === userId || tab.sessions.has(frame.stream))
        this.deliverTo(port, tab, frame);
  }

  private deliverTo(port: TabPort, tab: Tab, frame: Frame): void {
    if (tab.waiting !== null) {
      tab.waiting.push(frame);
      return;
    }
    port.postMessage({ type: "frames", frames: [frame] });
    tab.waiting = [];
    setTimeout(() => {
      this.handOver(port, tab);
      tab.waiting = null;
    }, TOGETHER_MS);
  }

  private handOver(port: TabPort, tab: Tab): void {
    if (tab.waiting === null || tab.waiting.length === 0) return;
    port.postMessage({ type: "frames", frames: tab.waiting });
    tab.waiting = [];
  }

  private broadcast(message: ToTab): void {
    for (const [port, tab] of this.tabs) {
      // What came first is heard first.
      this.handOver(port, tab);
      port.postMessage(message);
    }
  }

  private dropLost(): void {
    for (const [port, tab] of this.tabs)
      if (Date.now() - tab.heard > TAB_LOST_MS) {
        this.tabs.delete(port);
        this.letGo([...tab.sessions]);
      }
  }
}
