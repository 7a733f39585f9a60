import { describe, expect, it, vi } from "vitest";
import { isBehind, streamOf, type Frame } from "./frame";
import { readFrames } from "./read-frames";

const body = (...pieces: (string | Uint8Array)[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder();
      for (const piece of pieces)
        controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      controller.close();
    },
  });

async function read(...pieces: (string | Uint8Array)[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  await readFrames(body(...pieces), 1000, (frame) => frames.push(frame));
  return frames;
}

describe("reading frames", () => {
  it("takes stream and id from the id line", async () => {
    expect(await read('id: abc_-:c3-48210\nevent: chunk\ndata: {"a":1}\n\n')).toEqual([
      { stream: "abc_-", id: "abc_-:c3-48210", event: "chunk", data: { a: 1 } },
    ]);
  });

  it("joins frames and characters that arrive in pieces", async () => {
    const bytes = new TextEncoder().encode('id: s:1-1\nevent: chunk\ndata: {"t":"é€🙂"}\n\n');
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect((await read(...pieces))[0]?.data).toEqual({ t: "é€🙂" });
  });

  it("skips comments, and what is not JSON", async () => {
    expect(await read(": hi\n\nid: s:1-1\ndata: {oops\n\nid: s:1-2\ndata: {}\n\n")).toHaveLength(1);
  });

  it("does not deliver a frame that was cut off", async () => {
    expect(await read("id: s:1-1\nevent: chunk\ndata: {}\n")).toEqual([]);
  });

  it("gives up on a connection that says nothing", async () => {
    vi.useFakeTimers();
    const silent = new ReadableStream<Uint8Array>({ start: () => undefined });
    const reading = expect(readFrames(silent, 45_000, () => undefined)).rejects.toThrow("45000");
    await vi.advanceTimersByTimeAsync(45_000);
    await reading;
    vi.useRealTimers();
  });
});

describe("positions", () => {
  it("compare within one epoch only", () => {
    expect(isBehind("s:e1-9", "s:e1-10")).toBe(true);
    expect(isBehind("s:e1-10", "s:e1-9")).toBe(false);
    expect(isBehind("s:e1-1", "s:e2-9")).toBe(false);
  });

  it("belong to the stream before the last colon", () => {
    expect(streamOf("a:b:c1-2")).toBe("a:b");
  });
});
