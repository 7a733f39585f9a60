import type { ChatMessage } from "@/shared/api/types";
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
 */
export function foldMessage(entry: Entry, message: ChatMessage): Entry {
  if (message.revision < entry.message.revision) return entry;
  const fresh = entryOf(message);
  const carriesAll = message.completed && (fresh.parts.length > 0 || entry.received === 0);
  if (carriesAll || fresh.received > entry.received) return fresh;
  if (!message.completed) return { ...entry, message };
  return { ...entry, message, held: [] };
}

/** A message of a user has no parts on the wire before it was delivered, only its content. */
function partsOf(message: ChatMessage): Entry["parts"] {
  if (message.parts.length > 0 || message.content === "") return message.parts;
  return [{ partId: "content", kind: "text", text: message.content, startedAt: message.timestamp }];
}
