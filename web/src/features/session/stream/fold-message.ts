import type { ChatMessage } from "@/shared/api/types";
import { fillFromHeld } from "./fold-chunk";
import type { Entry } from "./transcript";

export function entryOf(message: ChatMessage): Entry {
  return {
    message,
    parts: partsOf(message),
    received: message.receivedSequence,
    held: [],
  };
}

/**
 * A newer word on a message. While it streams, the server's content may lag behind the chunks (or
 * be empty), so text that is already here stays; once it is finished, the server's content counts.
 * A long reply is told without its content, finished or not: what its chunks have brought stays.
 * `null`: what is held cannot be cut apart from what the message brings.
 */
export function foldMessage(entry: Entry, message: ChatMessage): Entry | null {
  if (message.revision < entry.message.revision) return entry;
  const fresh = entryOf(message);
  const hasNothing = (message.chunkCount ?? entry.received) === 0;
  const bringsAll = message.completed && (fresh.parts.length > 0 || hasNothing);
  const { parts, received } = bringsAll || fresh.received > entry.received ? fresh : entry;
  const next = { ...entry, message, parts, received };
  // What comes behind the end is shown when the reply goes on.
  return message.completed ? next : fillFromHeld(next);
}

/** Chunks are missing that the stream will not bring (again), or may be: those before a reply went on after its end. */
export function lacksChunks({ message, received }: Entry, before?: Entry): boolean {
  const goesOn = before?.message.completed === true && message.isStreaming;
  return goesOn || received < (message.chunkCount ?? 0);
}

/** A message of a user has no parts on the wire before it was delivered, only its content. */
function partsOf(message: ChatMessage): Entry["parts"] {
  if (message.parts.length > 0 || message.content === "") return message.parts;
  return [{ partId: "content", kind: "text", text: message.content, startedAt: message.timestamp }];
}
