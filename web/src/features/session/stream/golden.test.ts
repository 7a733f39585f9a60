import { describe, expect, it } from "vitest";
import type { Frame } from "@/shared/live/frame";
import { readFrames } from "@/shared/live/read-frames";
import { reduce, withNewestPage } from "./reducer";
import { emptyTranscript, type StreamFrame, type Transcript } from "./transcript";
import { isVerified } from "./verify";
import merged from "@golden/reply-merged.sse?raw";
import whole from "@golden/reply.sse?raw";

/** What the services' tests recorded: a turn with every kind of part. */
async function framesOf(recording: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  const { body } = new Response(recording);
  if (body !== null) await readFrames(body, 1_000, (frame) => frames.push(frame));
  return frames;
}

const fold = (frames: readonly Frame[], from: Transcript = emptyTranscript) =>
  frames.reduce((state, frame) => reduce(state, frame as unknown as StreamFrame), from);

const REPLY = "reply----------------";
const reply = (state: Transcript) => state.entries[REPLY];

describe("the recorded turn", () => {
  it("arrives whole, verified, and with each of its parts as itself", async () => {
    const state = fold(await framesOf(whole));
    const entry = reply(state);
    expect(entry?.message.status).toBe("completed");
    expect(entry && isVerified(entry)).toBe(true);
    expect(entry?.parts.map((part) => part.kind)).toEqual([
      "reasoning",
      "text",
      "tool",
      "diff",
      "plan",
      "notice",
      "permission",
      "question",
      "text",
      "usage",
    ]);
    expect(Object.values(state.requests).map((request) => request.status)).toEqual([
      "answered",
      "answered",
    ]);
    expect(state.order).toEqual(["user-message---------", REPLY]);
    expect(state.stale).toBe(false);
  });

  it("is the same for a slow viewer, whose frames were merged", async () => {
    const [all, fewer] = [await framesOf(whole), await framesOf(merged)];
    expect(fewer.length).toBeLessThan(all.length);
    expect(fold(fewer)).toEqual(fold(all));
  });

  it("is the same when every frame comes twice", async () => {
    const frames = await framesOf(whole);
    expect(fold(frames.flatMap((frame) => [frame, frame]))).toEqual(fold(frames));
  });

  it("shows the same text from its chunks as from the finished message", async () => {
    const frames = await framesOf(whole);
    const finished = frames.findIndex(
      (frame) => frame.event === "message" && (frame.data as { completed: boolean }).completed,
    );
    const text = (state: Transcript) =>
      reply(state)?.parts.flatMap((part) => (part.kind === "text" ? [part.text] : []));
    expect(text(fold(frames.slice(0, finished)))).toEqual(text(fold(frames)));
  });

  it("goes on from a page of messages fetched at any point of it", async () => {
    const frames = await framesOf(whole);
    for (let cut = 1; cut <= frames.length; cut++) {
      const before = fold(frames.slice(0, cut));
      const page = before.order.flatMap((id) => {
        const entry = before.entries[id];
        if (entry === undefined) return [];
        return [{ ...entry.message, parts: [...entry.parts], receivedSequence: entry.received }];
      });
      const resumed = fold(frames.slice(cut), withNewestPage(emptyTranscript, page));
      const entry = reply(resumed);
      expect(entry && isVerified(entry), `cut behind frame ${cut}`).toBe(true);
    }
  });
});
