import type { ChatChunk, Part } from "@/shared/api/types";
import type { Entry } from "./transcript";

/** `null`: the chunk overlaps what is held in a way that cannot be cut apart. */
export function foldChunk(entry: Entry, chunk: ChatChunk): Entry | null {
  const first = chunk.firstSequence ?? chunk.sequence;
  if (chunk.sequence <= entry.received) return entry;
  if (first > entry.received + 1) return hold(entry, chunk);
  if (first <= entry.received) return null;
  const parts = appendTo(entry.parts, chunk);
  return fillFromHeld({ ...entry, parts, received: chunk.sequence });
}

/** Keeps a chunk for when those before it are there, or its reply goes on. */
export function hold(entry: Entry, chunk: ChatChunk): Entry {
  if (chunk.sequence <= entry.received) return entry;
  if (entry.held.some((held) => held.sequence === chunk.sequence)) return entry;
  return { ...entry, held: [...entry.held, chunk] };
}

/** `null`: as above. */
export function fillFromHeld(entry: Entry): Entry | null {
  if (entry.held.length === 0) return entry;
  const waiting = entry.held.filter((held) => held.sequence > entry.received);
  const next = waiting.find((held) => (held.firstSequence ?? held.sequence) <= entry.received + 1);
  if (next === undefined) return { ...entry, held: waiting };
  return foldChunk({ ...entry, held: waiting.filter((held) => held !== next) }, next);
}

function appendTo(parts: readonly Part[], chunk: ChatChunk): readonly Part[] {
  const at = parts.findLastIndex((part) => part.partId === chunk.partId);
  const held = parts[at];
  if (chunk.kind === "text" || chunk.kind === "reasoning") {
    const text = chunk.chunk ?? "";
    if (held?.kind === "text" || held?.kind === "reasoning")
      return parts.with(at, { ...held, text: held.text + text });
    const { partId, kind, timestamp } = chunk;
    return [...endOpenReasoning(parts, timestamp), { partId, kind, text, startedAt: timestamp }];
  }
  if (!chunk.part) return parts;
  if (held !== undefined) return parts.with(at, chunk.part);
  return [...endOpenReasoning(parts, chunk.timestamp), chunk.part];
}

/** Reasoning ends when something else begins; the stream has no word of its own for it. */
function endOpenReasoning(parts: readonly Part[], at: number): readonly Part[] {
  const last = parts.at(-1);
  if (last?.kind !== "reasoning" || last.endedAt != null) return parts;
  return parts.with(-1, { ...last, endedAt: at });
}
