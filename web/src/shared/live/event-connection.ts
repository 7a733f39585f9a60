import { isBehind, type Frame } from "./frame";
import type { LinkStatus } from "./messages";
import { readFrames } from "./read-frames";

/** A beat comes every 15 s; after this much nothing, nobody is told any more that all is well. */
const SILENCE_MS = 40_000;
/** A network that swallows everything takes a request and never answers it. */
const OPEN_MS = 15_000;
const BACKOFF_MS = { first: 400, most: 15_000 };
/** Several tabs that open or close at once cost one reconnect, not one each. */
const SETTLE_MS = 25;

export interface ConnectionEvents {
  frame: (frame: Frame) => void;
  status: (status: LinkStatus) => void;
  refetch: () => void;
  signedOut: () => void;
}

type Wanted = { user: string | null; sessions: Record<string, string | null> };
export type OpenStream = (wanted: Wanted, signal: AbortSignal) => Promise<Response>;

/** The one connection to the event streams: keeps it up, and remembers where each stream stands. */
export class EventConnection {
  status: LinkStatus = { phase: "connecting", since: Date.now() };
  private user: string | null = null;
  private readonly sessions = new Map<string, string>();
  /** Those whose position the connection does not know yet: what it brings of them must not move it. */
  private readonly unasked = new Set<string>();
  private abort = new AbortController();
  private wakeUp: () => void = () => undefined;
  private settle: ReturnType<typeof setTimeout> | undefined;
  private changed = false;
  private running = false;
  private failures = 0;

  constructor(
    private readonly userId: string,
    private readonly open: OpenStream,
    private readonly events: ConnectionEvents,
  ) {}

  /** Connects, and again after it was signed out; nothing while it runs. */
  start(): void {
    if (!this.running) void this.run();
  }

  /** Follows a session from `cursor`, or from where it already is if that is further back. */
  watch(session: string, cursor: string): void {
    const held = this.sessions.get(session);
    if (held !== undefined && !isBehind(cursor, held)) return;
    this.sessions.set(session, cursor);
    this.unasked.add(session);
    this.reconnectSoon();
  }

  unwatch(session: string): void {
    if (this.sessions.delete(session)) this.reconnectSoon();
  }

  /** The network may be gone: find out now instead of by silence. */
  doubt(): void {
    this.reconnect();
  }

  /** The network may be back: try now instead of when the backoff ends. */
  wake(): void {
    if (this.status.phase !== "live") this.reconnect();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.running) {
      this.changed = false;
      this.abort = new AbortController();
      try {
        const response = await this.opened();
        if (response.status === 401) {
          this.running = false;
          this.events.signedOut();
          return;
        }
        if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
        await readFrames(response.body, SILENCE_MS, (frame) => this.handle(frame));
      } catch {
        // Whatever broke it, the cure is the same: connect again from the cursors.
      }
      this.abort.abort();
      if (this.mustReconnect()) continue;
      this.failures += 1;
      this.setPhase(this.failures > 1 ? "offline" : "catching_up");
      await this.backoff();
    }
  }

  private async opened(): Promise<Response> {
    const late = setTimeout(() => this.abort.abort(), OPEN_MS);
    try {
      return await this.open(this.wanted(), this.abort.signal);
    } finally {
      clearTimeout(late);
    }
  }

  /** Asked through a function, because it changes while the stream is read. */
  private mustReconnect(): boolean {
    return this.changed;
  }

  private wanted(): Wanted {
    this.unasked.clear();
    return { user: this.user, sessions: Object.fromEntries(this.sessions) };
  }

  private handle(frame: Frame): void {
    this.failures = 0;
    this.setPhase("live");
    if (frame.event === "resync") {
      this.resync(frame);
      return;
    }
    const isSession = this.sessions.has(frame.stream);
    if (!isSession && frame.stream !== this.userId) return;
    if (frame.event !== "beat") this.events.frame(frame);
    // Only now: a frame whose handling threw must come again.
    if (!isSession) this.moveUser(frame.id);
    else if (frame.event === "removed" && isAbout(frame)) this.sessions.delete(frame.stream);
    else if (!this.unasked.has(frame.stream)) this.sessions.set(frame.stream, frame.id);
  }

  private moveUser(id: string): void {
    const first = this.user === null;
    this.user = id;
    if (first) this.events.refetch();
  }

  private resync(frame: Frame): void {
    const stream = (frame.data as { stream?: string }).stream ?? frame.stream;
    if (this.sessions.delete(stream)) {
      this.events.frame({ ...frame, stream });
      return;
    }
    this.user = null;
    this.reconnectSoon();
  }

  private setPhase(phase: LinkStatus["phase"]): void {
    if (this.status.phase === phase) return;
    this.status = { phase, since: Date.now() };
    this.events.status(this.status);
  }

  private reconnectSoon(): void {
    this.settle ??= setTimeout(() => {
      this.settle = undefined;
      this.reconnect();
    }, SETTLE_MS);
  }

  private reconnect(): void {
    this.changed = true;
    this.abort.abort();
    this.wakeUp();
  }

  private backoff(): Promise<void> {
    const most = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (this.failures - 1));
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, most / 2 + (Math.random() * most) / 2);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Whether a `removed` means the stream's own session, not one of its messages. */
function isAbout(frame: Frame): boolean {
  return (frame.data as { id?: string }).id === frame.stream;
}
