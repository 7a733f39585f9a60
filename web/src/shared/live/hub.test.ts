import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OpenStream } from "./event-connection";
import { Hub, type TabPort } from "./hub";
import type { FromTab, ToTab } from "./messages";

type Wanted = Parameters<OpenStream>[0];

/** A server whose connections the test feeds by hand. */
class Server {
  readonly asked: Wanted[] = [];
  signedOut = false;
  /** Takes what is asked and never answers. */
  swallows = false;
  private out: ReadableStreamDefaultController<Uint8Array> | undefined;

  readonly open: OpenStream = (wanted, signal) => {
    this.asked.push(structuredClone(wanted));
    if (this.signedOut) return Promise.resolve(new Response(null, { status: 401 }));
    if (this.swallows)
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error("aborted"))),
      );
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.out = controller;
        signal.addEventListener("abort", () => controller.error(new Error("aborted")));
      },
    });
    return Promise.resolve(new Response(body));
  };

  async say(id: string, event: string, data: unknown = {}): Promise<void> {
    const text = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    this.out?.enqueue(new TextEncoder().encode(text));
    await vi.advanceTimersByTimeAsync(1);
  }

  cut(): void {
    this.out?.error(new Error("cut"));
  }
}

class Tab implements TabPort {
  onmessage: TabPort["onmessage"] = null;
  readonly heard: ToTab[] = [];

  postMessage(message: ToTab): void {
    this.heard.push(message);
  }

  say(message: FromTab): void {
    this.onmessage?.(new MessageEvent("message", { data: message }));
  }

  get frames() {
    return this.heard.flatMap((m) =>
      m.type === "frames" ? m.frames.map((frame) => frame.id) : [],
    );
  }
}

const settle = () => vi.advanceTimersByTimeAsync(50);
let server: Server;
let hub: Hub;

beforeEach(async () => {
  vi.useFakeTimers();
  server = new Server();
  hub = new Hub("u1", server.open);
  await settle();
});
afterEach(() => vi.useRealTimers());

function tab(): Tab {
  const made = new Tab();
  hub.connect(made);
  return made;
}

describe("one connection for all tabs", () => {
  it("hands the user's frames to everyone and a session's to those who watch it", async () => {
    const [first, second] = [tab(), tab()];
    first.say({ type: "watch", session: "s1", cursor: "s1:c1-4" });
    await settle();
    expect(server.asked.at(-1)).toEqual({ user: null, sessions: { s1: "s1:c1-4" } });
    await server.say("u1:c1-1", "beat");
    await server.say("u1:c1-2", "machine");
    await server.say("s1:c1-5", "chunk");
    await settle();
    expect(first.frames).toEqual(["u1:c1-2", "s1:c1-5"]);
    expect(second.frames).toEqual(["u1:c1-2"]);
  });

  it("hands over at once what comes alone, and together what comes fast", async () => {
    const watcher = tab();
    const messages = () =>
      watcher.heard.flatMap((m) => (m.type === "frames" ? [m.frames.length] : []));
    await server.say("u1:c1-1", "beat");
    await server.say("u1:c1-2", "machine");
    expect(messages()).toEqual([1]);
    await server.say("u1:c1-3", "machine");
    await server.say("u1:c1-4", "machine");
    await settle();
    expect(messages()).toEqual([1, 2]);
    expect(watcher.frames).toEqual(["u1:c1-2", "u1:c1-3", "u1:c1-4"]);
  });

  it("comes back after a cut from where every stream was handled", async () => {
    tab().say({ type: "watch", session: "s1", cursor: "s1:c1-4" });
    await settle();
    await server.say("u1:c1-9", "beat");
    await server.say("s1:c1-5", "chunk");
    server.cut();
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.asked.at(-1)).toEqual({ user: "u1:c1-9", sessions: { s1: "s1:c1-5" } });
  });

  it("goes back for a tab that comes later with an older position", async () => {
    tab().say({ type: "watch", session: "s1", cursor: "s1:c1-9" });
    await settle();
    tab().say({ type: "watch", session: "s1", cursor: "s1:c1-3" });
    await settle();
    expect(server.asked.at(-1)?.sessions).toEqual({ s1: "s1:c1-3" });
  });

  it("what the old connection still brings does not move a position that was set back", async () => {
    tab().say({ type: "watch", session: "s1", cursor: "s1:c1-9" });
    await settle();
    tab().say({ type: "watch", session: "s1", cursor: "s1:c1-3" });
    await server.say("s1:c1-10", "chunk");
    await settle();
    expect(server.asked.at(-1)?.sessions).toEqual({ s1: "s1:c1-3" });
    await server.say("s1:c1-4", "chunk");
    server.cut();
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.asked.at(-1)?.sessions).toEqual({ s1: "s1:c1-4" });
  });

  it("nor one of a session that was let go and is watched again", async () => {
    const watcher = tab();
    watcher.say({ type: "watch", session: "s1", cursor: "s1:c1-9" });
    await settle();
    watcher.say({ type: "unwatch", session: "s1" });
    watcher.say({ type: "watch", session: "s1", cursor: "s1:c1-3" });
    await server.say("s1:c1-10", "chunk");
    await settle();
    expect(server.asked.at(-1)?.sessions).toEqual({ s1: "s1:c1-3" });
  });

  it("keeps a session for as long as one tab watches it", async () => {
    const [first, second] = [tab(), tab()];
    for (const each of [first, second])
      each.say({ type: "watch", session: "s1", cursor: "s1:c1-1" });
    await settle();
    first.say({ type: "bye" });
    await settle();
    expect(server.asked.at(-1)?.sessions).toEqual({ s1: "s1:c1-1" });
    second.say({ type: "unwatch", session: "s1" });
    await settle();
    expect(server.asked.at(-1)?.sessions).toEqual({});
  });

  it("notices silence within 45 s and says that it is catching up", async () => {
    const watcher = tab();
    await server.say("u1:c1-1", "beat");
    await vi.advanceTimersByTimeAsync(44_900);
    const phases = watcher.heard.flatMap((m) => (m.type === "status" ? [m.status.phase] : []));
    expect(phases).toEqual(["connecting", "live", "catching_up"]);
  });

  it("asks again when a network swallows what it is asked, and says that it is offline", async () => {
    const watcher = tab();
    await server.say("u1:c1-1", "beat");
    server.swallows = true;
    server.cut();
    await vi.advanceTimersByTimeAsync(20_000);
    server.swallows = false;
    await vi.advanceTimersByTimeAsync(20_000);
    await server.say("u1:c1-2", "machine");
    const phases = watcher.heard.flatMap((m) => (m.type === "status" ? [m.status.phase] : []));
    expect(phases).toEqual(["connecting", "live", "catching_up", "offline", "live"]);
    expect(watcher.frames).toEqual(["u1:c1-2"]);
  });

  it("begins the user's stream anew on resync, and says that the lists must be fetched", async () => {
    const watcher = tab();
    await server.say("u1:c1-1", "beat");
    await server.say("u1:c2-0", "resync", { stream: "u1" });
    await settle();
    expect(server.asked.at(-1)?.user).toBeNull();
    await server.say("u1:c2-1", "beat");
    expect(watcher.heard.filter((m) => m.type === "refetch")).toHaveLength(2);
  });

  it("lets a tab in again that was frozen for so long that it was forgotten", async () => {
    const frozen = tab();
    frozen.say({ type: "watch", session: "s1", cursor: "s1:c1-1" });
    await settle();
    await server.say("u1:c1-1", "beat");
    await server.say("s1:c1-2", "chunk");
    for (let at = 2; at < 20; at++) {
      await vi.advanceTimersByTimeAsync(20_000);
      await server.say(`u1:c1-${at}`, "beat");
    }
    tab();
    await settle();
    expect(server.asked.at(-1)?.sessions).toEqual({});
    frozen.heard.length = 0;
    frozen.say({ type: "ping" });
    expect(frozen.heard.map((m) => m.type)).toEqual(["status", "refetch", "forgotten"]);
    frozen.say({ type: "watch", session: "s1", cursor: "s1:c1-2" });
    await settle();
    expect(server.asked.at(-1)?.sessions).toEqual({ s1: "s1:c1-2" });
    await server.say("s1:c1-3", "chunk");
    expect(frozen.frames).toEqual(["s1:c1-3"]);
  });

  it("connects anew for whoever signs in again while a frozen tab keeps the hub", async () => {
    tab();
    server.signedOut = true;
    server.cut();
    await vi.advanceTimersByTimeAsync(1000);
    const asked = server.asked.length;
    server.signedOut = false;
    const again = tab();
    await server.say("u1:c1-1", "beat");
    await server.say("u1:c1-2", "machine");
    expect(server.asked).toHaveLength(asked + 1);
    expect(again.frames).toEqual(["u1:c1-2"]);
  });
});
