import { createParser } from "eventsource-parser";
import { streamOf, type Frame } from "./frame";

/**
 * Reads Server-Sent Events until the body ends. Throws when nothing at all (not even a comment)
 * came for `silence` ms: a connection that died without a sign looks exactly like that.
 */
export async function readFrames(
  body: ReadableStream<Uint8Array>,
  silence: number,
  onFrame: (frame: Frame) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      const parsed = parse(data);
      if (parsed === undefined) return;
      const frame = { stream: streamOf(id ?? ""), id: id ?? "", event: event ?? "message" };
      onFrame({ ...frame, data: parsed });
    },
  });
  try {
    for (;;) {
      const { done, value } = await withDeadline(reader.read(), silence);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
