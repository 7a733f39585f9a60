import { describe, expect, it } from "vitest";
import type { ChatMessage } from "@/shared/api/types";
import { arrange } from "./arrange";
import { reduce, withNewestPage } from "./reducer";
import { emptyTranscript } from "./transcript";
import { newestOf, rootOf } from "./versions";

const base = {
  chatSessionId: "s",
  content: "",
  parts: [],
  completed: true,
  isStreaming: false,
  timestamp: 1,
  revision: 1,
  receivedSequence: 0,
  attachments: [],
};
const said = (messageId: string, over: Partial<ChatMessage> = {}): ChatMessage => ({
  ...base,
  messageId,
  role: "user",
  status: "completed",
  ...over,
});
const reply = (replyTo: string, supersededBy?: string, name = `r${replyTo}`): ChatMessage => ({
  ...said(name, { role: "assistant", replyTo }),
  ...(supersededBy !== undefined && { supersededBy }),
});
const old = (id: string, supersededBy: string, over: Partial<ChatMessage> = {}) => [
  said(id, { supersededBy, ...over }),
  reply(id, supersededBy),
];

/**
 * a, then b and c behind it; b2 took the place of b and c, and d came behind it; d2 took d's place;
 * b3 took the place of b2 and of d2.
 */
const edited = withNewestPage(emptyTranscript, [
  said("a"),
  reply("a"),
  ...old("b", "b2"),
  ...old("c", "b2"),
  ...old("b2", "b3", { replaces: "b", version: 2 }),
  ...old("d", "d2"),
  ...old("d2", "b3", { replaces: "d", version: 2 }),
  said("b3", { replaces: "b2", version: 3 }),
  reply("b3"),
  said("e"),
  reply("e"),
]);

describe("versions of a message", () => {
  it("are read as the newest one and what followed it", () => {
    const { rows, earlier } = arrange(edited);
    expect(rows).toEqual(["a", "ra", "b3", "rb3", "e", "re"]);
    expect(earlier).toBe(false);
  });

  it("are each followed by what followed them then", () => {
    expect(arrange(edited, { b: "b" })).toMatchObject({
      rows: ["a", "ra", "b", "rb", "c", "rc"],
      earlier: true,
    });
    expect(arrange(edited, { b: "b2" }).rows).toEqual(["a", "ra", "b2", "rb2", "d2", "rd2"]);
    expect(arrange(edited, { b: "b2", d: "d" }).rows).toEqual(["a", "ra", "b2", "rb2", "d", "rd"]);
  });

  it("have their first one in common", () => {
    const of = (id: string) => edited.entries[id]?.message ?? said(id);
    expect(["b", "b2", "b3", "d2"].map((id) => rootOf(edited.entries, of(id)))).toEqual([
      "b",
      "b",
      "b",
      "d",
    ]);
    expect(newestOf(edited.entries, of("b")).messageId).toBe("b3");
  });

  it("of which only the later ones are loaded are read from there", () => {
    const late = withNewestPage(emptyTranscript, [
      ...old("d2", "b3", { replaces: "d", version: 2 }),
      said("b3", { replaces: "b2", version: 3 }),
      reply("b3"),
    ]);
    expect(arrange(late).rows).toEqual(["b3", "rb3"]);
    expect(arrange(late, { nothing: "x" }).rows).toEqual(["b3", "rb3"]);
  });

  it("do not bring back a reply that another attempt has taken the place of", () => {
    const retried = withNewestPage(emptyTranscript, [
      said("a", { supersededBy: "a2" }),
      reply("a", "r2", "r1"),
      reply("a", "a2", "r2"),
      said("a2", { replaces: "a", version: 2 }),
    ]);
    expect(arrange(retried, { a: "a" }).rows).toEqual(["a", "r2"]);
  });
});

describe("a new version", () => {
  const waits = said("b2", {
    ...{ replaces: "a", version: 2, status: "queued", completed: false },
    queuePosition: 2,
  });
  const before = withNewestPage(emptyTranscript, [
    said("a"),
    reply("a"),
    said("w", { status: "queued", completed: false, queuePosition: 1 }),
  ]);
  const behind = said("w", {
    ...{ status: "queued", completed: false, revision: 2 },
    queuePosition: 3,
  });
  const sent = [waits, behind].reduce(
    (state, data) => reduce(state, { event: "message", data }),
    before,
  );

  it("waits where the server has put it, before all others, and changes nothing until it is delivered", () => {
    expect(arrange(sent)).toMatchObject({ rows: ["a", "ra"], queue: ["b2", "w"] });
  });

  it("has its place before what waited longer, once it is delivered", () => {
    const revision = 3;
    const delivered = [
      said("a", { supersededBy: "b2", revision }),
      { ...reply("a", "b2"), revision },
      said("b2", { replaces: "a", version: 2, status: "delivered", completed: false, revision }),
      said("w", { status: "delivered", completed: false, revision }),
    ].reduce((state, data) => reduce(state, { event: "message", data }), sent);
    expect(arrange(delivered)).toMatchObject({ rows: ["b2", "w"], queue: [] });
  });
});
