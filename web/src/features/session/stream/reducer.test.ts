import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import type { AgentRequest, ChatChunk, ChatMessage } from "@/shared/api/types";
import { arrange } from "./arrange";
import { reduce, withNewestPage, withOlderPage } from "./reducer";
import { emptyTranscript, type StreamFrame, type Transcript } from "./transcript";
import { isVerified } from "./verify";

const reply = (over: Partial<ChatMessage> = {}): ChatMessage => ({
  messageId: "m1",
  chatSessionId: "s1",
  role: "assistant",
  content: "",
  parts: [],
  attachments: [],
  status: "streaming",
  completed: false,
  isStreaming: true,
  timestamp: 1,
  revision: 1,
  receivedSequence: 0,
  ...over,
});

const ended = (status: ChatMessage["status"]) => ({ status, completed: true, isStreaming: false });

const text = (sequence: number, chunk: string, over: Partial<ChatChunk> = {}): ChatChunk => ({
  chunkId: `m1:${sequence}`,
  messageId: "m1",
  chatSessionId: "s1",
  sequence,
  timestamp: sequence,
  kind: "text",
  partId: "p1",
  chunk,
  ...over,
});

const frames = (state: Transcript, ...list: StreamFrame[]) => list.reduce(reduce, state);
const message = (data: ChatMessage): StreamFrame => ({ event: "message", data });
const chunk = (data: ChatChunk): StreamFrame => ({ event: "chunk", data });
const shown = (state: Transcript, id = "m1") =>
  state.entries[id]?.parts.map((p) => (p.kind === "text" ? p.text : "")).join("");

const begun = frames(emptyTranscript, message(reply()));

describe("chunks", () => {
  it("are appended in the order of their sequence", () => {
    expect(shown(frames(begun, chunk(text(1, "Hel")), chunk(text(2, "lo"))))).toBe("Hello");
  });

  it("count once, however often they come", () => {
    const once = frames(begun, chunk(text(1, "a")), chunk(text(2, "b")));
    expect(frames(once, chunk(text(2, "b")), chunk(text(1, "a")))).toBe(once);
  });

  it("that come too early wait until the gap is filled", () => {
    const early = frames(begun, chunk(text(3, "c")), chunk(text(2, "b")));
    expect(shown(early)).toBe("");
    const filled = frames(early, chunk(text(1, "a")));
    expect(shown(filled)).toBe("abc");
    expect(filled.entries["m1"]?.held).toEqual([]);
  });

  it("may be merged runs", () => {
    const state = frames(
      begun,
      chunk(text(1, "a")),
      chunk(text(4, "bcd", { firstSequence: 2 })),
      chunk(text(5, "e")),
    );
    expect(shown(state)).toBe("abcde");
    expect(state.entries["m1"]?.received).toBe(5);
  });

  it("that overlap what is held ask for the messages anew instead of repeating text", () => {
    const state = frames(
      begun,
      chunk(text(1, "a")),
      chunk(text(2, "b")),
      chunk(text(3, "bc", { firstSequence: 2 })),
    );
    expect(state.stale).toBe(true);
    expect(shown(state)).toBe("ab");
  });

  it("of a message that was not announced yet are kept for it", () => {
    const state = frames(emptyTranscript, chunk(text(1, "a")), message(reply()));
    expect(shown(state)).toBe("a");
  });

  it("of other kinds replace their whole part", () => {
    const tool = (state: "running" | "completed") => ({
      partId: "t1",
      kind: "tool" as const,
      name: "bash",
      title: "ls",
      state,
      input: "",
      output: "",
      truncated: false,
      startedAt: 1,
    });
    const state = frames(
      begun,
      chunk(text(1, "a")),
      chunk(text(2, "", { kind: "tool", partId: "t1", part: tool("running") })),
      chunk(text(3, "", { kind: "tool", partId: "t1", part: tool("completed") })),
      chunk(text(4, "b", { partId: "p2" })),
    );
    expect(state.entries["m1"]?.parts.map((p) => p.kind)).toEqual(["text", "tool", "text"]);
    expect(state.entries["m1"]?.parts[1]).toMatchObject({ state: "completed" });
  });

  it("end the reasoning before them", () => {
    const state = frames(
      begun,
      chunk(text(1, "hm", { kind: "reasoning", partId: "r1" })),
      chunk(text(2, "so")),
    );
    expect(state.entries["m1"]?.parts[0]).toMatchObject({ kind: "reasoning", endedAt: 2 });
  });
});

describe("messages", () => {
  it("of a lower revision than the one held are ignored", () => {
    const state = frames(begun, message(reply({ revision: 3, status: "streaming" })));
    expect(frames(state, message(reply({ revision: 2, status: "failed" })))).toBe(state);
  });

  it("without content do not erase text that came in chunks", () => {
    const state = frames(begun, chunk(text(1, "a")), message(reply({ revision: 2 })));
    expect(shown(state)).toBe("a");
  });

  it("that are finished bring the text that counts", () => {
    const done = reply({
      revision: 2,
      status: "completed",
      completed: true,
      isStreaming: false,
      content: "abc",
      parts: [{ partId: "p1", kind: "text", text: "abc", startedAt: 1 }],
      chunkCount: 3,
      receivedSequence: 3,
    });
    const state = frames(begun, chunk(text(1, "a")), message(done), chunk(text(2, "b")));
    expect(shown(state)).toBe("abc");
    expect(state.entries["m1"]?.received).toBe(3);
  });

  it("that are finished keep what was held no longer than it takes to fetch them", () => {
    const told = reply({ revision: 2, ...ended("completed"), chunkCount: 3 });
    const holed = frames(begun, chunk(text(3, "c")), message(told));
    expect(holed.stale).toBe(true);
    expect(holed.entries["m1"]).toMatchObject({ message: told, held: [{ sequence: 3 }] });
  });

  it("that are finished and told without their content have what their chunks have brought", () => {
    const told = message(reply({ revision: 2, ...ended("completed"), chunkCount: 2 }));
    const whole = frames(begun, chunk(text(1, "a")), chunk(text(2, "b")), told);
    expect(shown(whole)).toBe("ab");
    expect(whole.stale).toBe(false);
    expect(frames(begun, chunk(text(1, "a")), told).stale).toBe(true);
    expect(frames(begun, told).stale).toBe(true);
    expect(frames(emptyTranscript, told).stale).toBe(true);
  });

  it("that are finished and empty are whole", () => {
    const told = reply({ revision: 2, ...ended("cancelled"), chunkCount: 0 });
    expect(frames(begun, message(told)).stale).toBe(false);
  });

  it("that bring more than is here are followed by what was held", () => {
    const more = reply({
      revision: 2,
      receivedSequence: 2,
      parts: [{ partId: "p1", kind: "text", text: "ab", startedAt: 1 }],
    });
    const state = frames(begun, chunk(text(3, "c")), message(more));
    expect(shown(state)).toBe("abc");
    expect(state.entries["m1"]).toMatchObject({ received: 3, held: [] });
  });

  it("that were withdrawn leave", () => {
    const state = frames(begun, { event: "removed", data: { entity: "message", id: "m1" } });
    expect(state.order).toEqual([]);
  });
});

describe("a reply that was given up with its worker", () => {
  const parts = [{ partId: "p1", kind: "text" as const, text: "ab", startedAt: 1 }];
  const given = { parts, content: "ab", chunkCount: 2, receivedSequence: 2 };
  const lost = frames(begun, message(reply({ revision: 2, ...ended("interrupted"), ...given })));

  it("takes no chunk that it has, and shows none behind its end", () => {
    expect(frames(lost, chunk(text(1, "a")), chunk(text(2, "b")))).toBe(lost);
    const state = frames(lost, chunk(text(3, "c")), chunk(text(4, "d")));
    expect(shown(state)).toBe("ab");
    expect(state.stale).toBe(false);
  });

  it("has what came meanwhile when it goes on, and is fetched anew", () => {
    const goesOn = message(reply({ revision: 3, ...given }));
    const state = frames(lost, chunk(text(3, "c")), goesOn, chunk(text(4, "d")));
    expect(shown(state)).toBe("abcd");
    expect(state.stale).toBe(true);
  });

  it("is fetched anew when it ends after all and is told without its content", () => {
    const end = message(reply({ revision: 3, ...ended("completed"), chunkCount: 4 }));
    expect(frames(lost, chunk(text(3, "c")), chunk(text(4, "d")), end).stale).toBe(true);
  });
});

describe("a fetched page", () => {
  it("of a running reply goes on with its next chunk", () => {
    const open = reply({
      receivedSequence: 2,
      content: "ab",
      parts: [{ partId: "p1", kind: "text", text: "ab", startedAt: 1 }],
    });
    const state = frames(
      withNewestPage(emptyTranscript, [open]),
      chunk(text(2, "b")),
      chunk(text(3, "c")),
    );
    expect(shown(state)).toBe("abc");
  });

  it("replaces what it covers and keeps what is older", () => {
    const old = withNewestPage(emptyTranscript, [
      reply({ messageId: "m0", content: "old" }),
      reply({ content: "stale" }),
    ]);
    const state = withNewestPage(old, [reply({ content: "new" }), reply({ messageId: "m2" })]);
    expect(state.order).toEqual(["m0", "m1", "m2"]);
    expect(shown(state)).toBe("new");
  });

  it("of older messages goes in front", () => {
    const state = withOlderPage(begun, [reply({ messageId: "m0" }), reply()]);
    expect(state.order).toEqual(["m0", "m1"]);
  });
});

describe("the check mark", () => {
  const done = (contentHash: string, chunkCount: number) =>
    message(
      reply({
        revision: 2,
        status: "completed",
        completed: true,
        isStreaming: false,
        contentHash,
        chunkCount,
      }),
    );
  const hash = bytesToHex(sha256(utf8ToBytes("aé")));
  const whole = frames(begun, chunk(text(1, "a")), chunk(text(2, "é")));
  const verified = (state: Transcript) => {
    const entry = state.entries["m1"];
    return entry !== undefined && isVerified(entry);
  };

  it("needs every chunk and the hash of the text", () => {
    expect(verified(frames(whole, done(hash, 2)))).toBe(true);
  });

  it("is refused for a chunk too few, another text, or a reply that still runs", () => {
    expect(verified(frames(whole, done(hash, 3)))).toBe(false);
    expect(verified(frames(whole, done("00", 2)))).toBe(false);
    expect(verified(whole)).toBe(false);
  });
});

describe("the arrangement", () => {
  it("puts a reply after its question and waiting messages into the queue", () => {
    const user = (messageId: string, status: ChatMessage["status"]) =>
      reply({ messageId, role: "user", status, content: messageId, isStreaming: false });
    const state = withNewestPage(emptyTranscript, [
      user("a", "streaming"),
      user("b", "queued"),
      reply({ messageId: "a-reply", replyTo: "a" }),
    ]);
    expect(arrange(state)).toMatchObject({ rows: ["a", "a-reply"], queue: ["b"], open: "a" });
  });

  it("has a message where it was delivered, even if its reply was heard of first", () => {
    const user = (messageId: string, status: ChatMessage["status"], revision = 1) =>
      reply({ messageId, role: "user", status, isStreaming: false, revision });
    const waiting = withNewestPage(emptyTranscript, [user("a", "queued"), user("b", "queued")]);
    const state = frames(
      waiting,
      message(user("b", "delivered", 2)),
      message(reply({ messageId: "b-reply", replyTo: "b" })),
      message(reply({ messageId: "a-reply", replyTo: "a" })),
      message(user("a", "delivered", 2)),
    );
    expect(arrange(state).rows).toEqual(["b", "b-reply", "a", "a-reply"]);
  });

  it("has a message that is tried again where it was", () => {
    const failed = reply({ messageId: "a-reply", replyTo: "a", ...ended("failed") });
    const asked = (messageId: string, status: ChatMessage["status"], revision = 1) =>
      reply({ messageId, role: "user", status, isStreaming: false, revision });
    const state = frames(
      withNewestPage(emptyTranscript, [asked("a", "queued"), failed, asked("b", "completed")]),
      message(asked("a", "delivered", 2)),
    );
    expect(arrange(state).rows).toEqual(["a", "a-reply", "b"]);
  });

  it("has what waits in the order that the server gives it", () => {
    const waiting = (messageId: string, queuePosition: number, revision = 1) =>
      reply({
        ...{ messageId, role: "user", status: "queued", isStreaming: false },
        ...{ queuePosition, revision },
      });
    const state = withNewestPage(emptyTranscript, [waiting("a", 1), waiting("b", 2)]);
    const moved = frames(state, message(waiting("b", 3, 2)), message(waiting("a", 4, 2)));
    expect(arrange(moved).queue).toEqual(["b", "a"]);
  });
});

it("after a gap, what was decided is known, and of what waited the inbox tells", () => {
  const request = (requestId: string, status: AgentRequest["status"]): StreamFrame => ({
    event: "request",
    data: { requestId, status, revision: 1 } as AgentRequest,
  });
  const held = frames(begun, request("r1", "answered"), request("r2", "pending"));
  expect(Object.keys(withNewestPage(held, [reply()]).requests)).toEqual(["r1"]);
});
