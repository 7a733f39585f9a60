import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChatMessage } from "@/shared/api/types";
import type { Frame } from "@/shared/live/frame";
import type { LiveClient } from "@/shared/live/live-client";
import { SessionStream, type FetchPage } from "./session-stream";

/** A session on a server: its messages, and whoever follows it. */
class Server {
  count = 0;
  /** Lets an older page wait until it is called. */
  hold: Promise<void> = Promise.resolve();
  /** Older pages cannot be had. */
  broken = false;
  olderAsked = 0;
  /** What some messages are beside what all are. */
  more: Record<string, Partial<ChatMessage>> = {};
  private listener: (frame: Frame) => void = () => undefined;

  readonly live = {
    watch: (_session: string, _cursor: string, listener: (frame: Frame) => void) => {
      this.listener = listener;
      return () => undefined;
    },
  } as unknown as LiveClient;

  readonly page: FetchPage = async ({ limit, before }) => {
    if (before !== undefined) this.olderAsked++;
    if (before !== undefined) await this.hold;
    if (before !== undefined && this.broken) throw new Error("no network");
    const end = before === undefined ? this.count : Number(before);
    const start = Math.max(0, end - limit);
    return {
      items: ids(start, end).map((id) => ({ ...messageOf(id), ...this.more[id] })),
      nextBefore: start === 0 ? null : `${start}`,
      lastEventId: `s:c1-${this.count}`,
    };
  };

  async resync(): Promise<void> {
    this.listener({ stream: "s", id: "s:c2-0", event: "resync", data: { stream: "s" } });
    await settle();
  }
}

const ids = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `m${from + i}`);

const messageOf = (messageId: string): ChatMessage => ({
  messageId,
  chatSessionId: "s",
  role: "user",
  content: messageId,
  parts: [],
  status: "completed",
  isStreaming: false,
  completed: true,
  receivedSequence: 0,
  timestamp: 0,
  attachments: [],
  revision: 1,
});

const settle = () => vi.advanceTimersByTimeAsync(500);
let server: Server;
let stream: SessionStream;
const shown = () => stream.store.getState().transcript.order;

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  stream = new SessionStream("s", server.page);
});
afterEach(() => vi.useRealTimers());

/** Opens the session while it has so many messages. */
async function open(count: number): Promise<void> {
  server.count = count;
  stream.attach(server.live);
  await settle();
}

async function readToTheBeginning(): Promise<void> {
  while (stream.store.getState().nextBefore !== null) await stream.loadOlder();
}

describe("nothing is missing between what was held and what was missed", () => {
  it.each([
    ["nothing", 0],
    ["less than a page", 30],
    ["exactly a page", 50],
    ["more than a page", 60],
    ["several pages", 230],
  ])("after %s was missed", async (_, missed) => {
    await open(120);
    await stream.loadOlder();
    server.count += missed;
    await server.resync();
    expect(shown().at(-1)).toBe(`m${server.count - 1}`);
    await readToTheBeginning();
    expect(shown()).toEqual(ids(0, server.count));
  });

  it("after all of a short session was there, and more than a page was missed", async () => {
    await open(3);
    expect(stream.store.getState().nextBefore).toBeNull();
    server.count = 90;
    await server.resync();
    await readToTheBeginning();
    expect(shown()).toEqual(ids(0, 90));
  });

  it("what was there stays, if less than a page was missed", async () => {
    await open(120);
    await stream.loadOlder();
    server.count = 140;
    await server.resync();
    expect(shown()).toEqual(ids(20, 140));
  });

  it("earlier messages that come only after they no longer join are left out", async () => {
    await open(120);
    let release: () => void = () => undefined;
    server.hold = new Promise((resolve) => (release = resolve));
    const older = stream.loadOlder();
    server.count = 220;
    await server.resync();
    release();
    await older;
    expect(shown()).toEqual(ids(170, 220));
    await readToTheBeginning();
    expect(shown()).toEqual(ids(0, 220));
  });
});

describe("an earlier version is looked at that is further back than what was loaded", () => {
  beforeEach(async () => {
    server.more = {
      m5: { supersededBy: "m119" },
      m119: { replaces: "m5", version: 2 },
    };
    await open(120);
  });
  const chosen = () => stream.store.getState().chosen;

  it("while earlier messages are on their way already", async () => {
    server.hold = new Promise((resolve) => setTimeout(resolve, 100));
    const load = stream.loadOlder.bind(stream);
    const loadOlder = vi.spyOn(stream, "loadOlder");
    // Whoever asks again and again without a pause lets nothing else come to pass, not even the end of this test.
    loadOlder.mockImplementation(() => {
      if (loadOlder.mock.calls.length > 10) throw new Error("asks without end");
      return load();
    });
    void stream.loadOlder();
    const shown = stream.showVersion("m119", -1);
    await settle();
    await shown;
    expect(chosen()).toEqual({ m5: "m5" });
    expect(server.olderAsked).toBe(2);
  });

  it("it stays at what is shown when they cannot be loaded", async () => {
    server.broken = true;
    await stream.showVersion("m119", -1);
    expect(chosen()).toEqual({});
    expect(stream.store.getState().olderError).toEqual(new Error("no network"));
    server.broken = false;
    await stream.showVersion("m119", -1);
    expect(chosen()).toEqual({ m5: "m5" });
    expect(stream.store.getState().olderError).toBeNull();
  });
});

describe("earlier messages that could not be loaded", () => {
  beforeEach(async () => {
    await open(120);
    server.broken = true;
    await stream.loadOlder();
  });

  it("are said to be missing, and are there after another try", async () => {
    expect(stream.store.getState()).toMatchObject({
      olderError: new Error("no network"),
      loadingOlder: false,
    });
    server.broken = false;
    await stream.loadOlder();
    expect(stream.store.getState().olderError).toBeNull();
    expect(shown()).toEqual(ids(20, 120));
  });

  it("are asked for again by scrolling on, but not with each of its frames", async () => {
    for (let frame = 0; frame < 10; frame++) stream.nearStart();
    await settle();
    expect(server.olderAsked).toBe(1);
    server.broken = false;
    await vi.advanceTimersByTimeAsync(2_000);
    stream.nearStart();
    await settle();
    expect(shown()).toEqual(ids(20, 120));
  });
});
