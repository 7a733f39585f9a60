import type { ChatMessage } from "@/shared/api/types";
import type { Entry, Transcript } from "./transcript";

export interface Arrangement {
  /** What is read, in reading order: each reply right after what it answers. */
  rows: readonly string[];
  /** User messages that wait for their turn. */
  queue: readonly string[];
  /** The user message whose turn runs now. */
  open: string | null;
}

export function arrange({ order, entries }: Pick<Transcript, "order" | "entries">): Arrangement {
  const replies = new Map<string, string[]>();
  for (const id of order) {
    const question = entries[id]?.message.replyTo;
    if (question == null || !(question in entries)) continue;
    replies.set(question, [...(replies.get(question) ?? []), id]);
  }
  const rows: string[] = [];
  const queue: string[] = [];
  let open: string | null = null;
  for (const id of order) {
    const message = entries[id]?.message;
    if (message === undefined || message.supersededBy != null) continue;
    if (message.replyTo != null && message.replyTo in entries) continue;
    if (isWaiting(message)) {
      queue.push(id);
      continue;
    }
    if (isOpen(message)) open = id;
    rows.push(id, ...(replies.get(id) ?? []).filter((reply) => isCurrent(entries[reply])));
  }
  return { rows, queue, open };
}

function isCurrent(entry: Entry | undefined): boolean {
  return entry !== undefined && entry.message.supersededBy == null;
}

function isWaiting(message: ChatMessage): boolean {
  return message.role === "user" && message.status === "queued";
}

function isOpen(message: ChatMessage): boolean {
  return (
    message.role === "user" && (message.status === "delivered" || message.status === "streaming")
  );
}
