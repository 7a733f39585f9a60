import { createStore } from "zustand/vanilla";
import { ApiError } from "@/shared/api/api-error";
import { api, must } from "@/shared/api/client";
import { PAGE } from "@/shared/api/newest-page";
import type { AgentRequest, ChatMessage } from "@/shared/api/types";
import type { Frame } from "@/shared/live/frame";
import type { LiveClient } from "@/shared/live/live-client";
import { Pace } from "./pace";
import { reduce, withNewestPage, withOlderPage } from "./reducer";
import { emptyTranscript, type StreamFrame, type Transcript } from "./transcript";
import { newerVersion, newestOf, olderVersion, rootOf, type Chosen } from "./versions";

const RETRY_MS = 2_000;

export interface SessionView {
  transcript: Transcript;
  phase: "loading" | "ready" | "error";
  error: unknown;
  /** From where earlier messages go on; null at the beginning of the session. */
  nextBefore: string | null;
  loadingOlder: boolean;
  /** Why earlier messages could not be loaded, until another try has. */
  olderError: unknown;
  /** Earlier versions of messages that are looked at. */
  chosen: Chosen;
  /** The message that is being edited in its place. */
  editing: string | null;
}

/** Some messages of a session, oldest first. */
export interface MessagePage {
  items: ChatMessage[];
  nextBefore: string | null;
  /** From where the stream goes on; absent where nothing can be followed. */
  lastEventId?: string;
}

export type FetchPage = (query: { limit: number; before?: string }) => Promise<MessagePage>;

/** The pages of a session of one's own. */
export const ownPages =
  (id: string): FetchPage =>
  (query) =>
    must(api.GET("/api/v1/sessions/{id}/messages", { params: { path: { id }, query } }));

export type FetchRequests = () => Promise<readonly AgentRequest[]>;

/** All that was asked in a session of one's own: nothing but its export tells of what is answered. */
const ownRequests =
  (id: string): FetchRequests =>
  async () => {
    const params = { path: { id }, query: { format: "json" } } as const;
    const session = await must(api.GET("/api/v1/sessions/{id}/export", { params }));
    // Markdown was not asked for.
    return typeof session === "string" ? [] : session.messages.flatMap((m) => m.requests ?? []);
  };

/** Owns one session's part of the stream: fetches, follows, and folds it into what is shown. */
export class SessionStream {
  readonly store = createStore<SessionView>(() => ({
    transcript: emptyTranscript,
    phase: "loading",
    error: null,
    nextBefore: null,
    loadingOlder: false,
    olderError: null,
    chosen: {},
    editing: null,
  }));
  private cursor: string | null = null;
  private pending: Frame[] = [];
  private scheduled = false;
  private readonly pace = new Pace();
  private unwatch: () => void = () => undefined;
  private live: LiveClient | null = null;
  private older: Promise<boolean> | null = null;
  private olderFailedAt = 0;
  private requests: Promise<void> | null = null;

  constructor(
    readonly sessionId: string,
    private readonly fetchPage: FetchPage,
    private readonly fetchRequests: FetchRequests = ownRequests(sessionId),
  ) {}

  /** Follows the session until the returned function is called. */
  attach(live: LiveClient): () => void {
    this.live = live;
    if (this.cursor === null) void this.load();
    else this.follow(this.cursor);
    return () => {
      this.flush();
      this.live = null;
      this.unwatch();
    };
  }

  async load(): Promise<void> {
    this.unwatch();
    this.pending = [];
    this.requests = null;
    try {
      const page = await this.page();
      this.store.setState((view) => ({
        transcript: withNewestPage(view.transcript, page.items),
        phase: "ready",
        error: null,
        nextBefore: goesOn(view, page) ? view.nextBefore : page.nextBefore,
      }));
      this.cursor = page.lastEventId ?? null;
      if (this.cursor !== null) this.follow(this.cursor);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Loads the page of earlier messages, or waits for the one that is on its way: whether it came. */
  loadOlder(): Promise<boolean> {
    return (this.older ??= this.fetchOlder().finally(() => (this.older = null)));
  }

  /** Scrolling comes near the start. It does so with each frame: what failed just now is left alone for a moment. */
  nearStart(): void {
    if (Date.now() - this.olderFailedAt >= RETRY_MS) void this.loadOlder();
  }

  /** Loads what was asked before this page followed the session, once: the messages do not bring it along. */
  loadRequests(): Promise<void> {
    return (this.requests ??= this.fetchAsked());
  }

  private async fetchAsked(): Promise<void> {
    try {
      for (const data of await this.fetchRequests()) this.apply({ event: "request", data });
    } catch {
      // Whoever looks for one again tries again.
      this.requests = null;
    }
  }

  private async fetchOlder(): Promise<boolean> {
    const { nextBefore } = this.store.getState();
    if (nextBefore === null) return false;
    this.store.setState({ loadingOlder: true });
    try {
      const page = await this.page(nextBefore);
      this.store.setState((view) => ({
        olderError: null,
        // What it joins may have been replaced meanwhile.
        ...(view.nextBefore === nextBefore && {
          transcript: withOlderPage(view.transcript, page.items),
          nextBefore: page.nextBefore,
        }),
      }));
      return true;
    } catch (olderError) {
      this.olderFailedAt = Date.now();
      this.store.setState({ olderError });
      return false;
    } finally {
      this.store.setState({ loadingOlder: false });
    }
  }

  /** Shows the version before or after a message; one that is not loaded yet is fetched first. */
  async showVersion(messageId: string, step: -1 | 1): Promise<void> {
    const wanted = () => {
      const { entries } = this.store.getState().transcript;
      const message = entries[messageId]?.message;
      if (message === undefined) return undefined;
      return step < 0 ? olderVersion(entries, message) : newerVersion(entries, message);
    };
    while (wanted() === undefined && step < 0) if (!(await this.loadOlder())) return;
    const version = wanted();
    if (version === undefined) return;
    this.store.setState(({ transcript: { entries }, chosen }) => {
      const root = rootOf(entries, version);
      const newest = newestOf(entries, version).messageId === version.messageId;
      const others = Object.entries(chosen).filter(([other]) => other !== root);
      const entry: [string, string][] = newest ? [] : [[root, version.messageId]];
      return { chosen: Object.fromEntries([...others, ...entry]), editing: null };
    });
  }

  /** Back to the conversation as it goes on. */
  showCurrent(): void {
    this.store.setState({ chosen: {} });
  }

  edit(messageId: string | null): void {
    this.store.setState({ editing: messageId });
  }

  /** Folds in what an answer of the API said, as if it had come by the stream. */
  apply(frame: StreamFrame): void {
    this.store.setState((view) => ({ transcript: reduce(view.transcript, frame) }));
  }

  private page(before?: string) {
    return this.fetchPage({ limit: PAGE, ...(before !== undefined && { before }) });
  }

  private failed(error: unknown): void {
    const gone = error instanceof ApiError && error.status === 404;
    if (gone) this.apply({ event: "removed", data: { entity: "session", id: "" } });
    else if (this.store.getState().phase === "loading")
      this.store.setState({ phase: "error", error });
    else setTimeout(() => void this.load(), RETRY_MS);
  }

  private follow(cursor: string): void {
    if (this.live === null) return;
    this.unwatch = this.live.watch(this.sessionId, cursor, (frame) => {
      this.pending.push(frame);
      this.schedule();
    });
  }

  /** A fast stream is folded with a painted frame, and not once per chunk. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden page paints nothing, but must not pile up frames either.
    if (document.visibilityState === "visible") this.pace.whenDue(() => this.flush());
    else setTimeout(() => this.flush(), 200);
  }

  private flush(): void {
    this.scheduled = false;
    const frames = this.pending;
    if (frames.length === 0) return;
    this.pending = [];
    const before = this.store.getState().transcript;
    const after = frames.reduce((state, frame) => reduce(state, frame as StreamFrame), before);
    if (after !== before) this.store.setState({ transcript: after });
    this.cursor = frames.at(-1)?.id ?? this.cursor;
    if (after.stale) void this.load();
  }
}

/**
 * Whether the newest page joins what is held: then the earlier messages that are here stay, and go
 * on from where they did. After more than a page was missed they are let go, and it begins anew.
 */
function goesOn({ phase, transcript }: SessionView, { items }: MessagePage): boolean {
  const first = items[0];
  return phase === "ready" && first !== undefined && first.messageId in transcript.entries;
}
