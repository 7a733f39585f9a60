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
  private listener: (frame: Frame) => void = () => undefined;

  readonly live = {
    watch: (_session: string, _cursor: string, listener: (frame: Frame) => void) => {
      this.listener = listener;
      return () => undefined;
    },
  } as unknown as LiveClient;

  readonly page: FetchPage = async ({ limit, before }) => {
    if (before !== undefined) await this.hold;
    const end = before === undefined ? this.count : Number(before);
    const start = Math.max(0, end - limit);
    return {
      items: ids(start, end).map(messageOf),
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
