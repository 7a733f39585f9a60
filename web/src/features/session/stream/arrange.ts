import type { ChatMessage } from "@/shared/api/types";
import type { Entry, Transcript } from "./transcript";
import { rootOf, type Chosen } from "./versions";

export interface Arrangement {
  /** What is read, in reading order: each reply right after what it answers. */
  rows: readonly string[];
  /** User messages that wait for their turn, in the order in which they get it. */
  queue: readonly string[];
  /** The user message whose turn runs now. */
  open: string | null;
  /** What is read is an earlier version: the conversation goes on in another one. */
  earlier: boolean;
}

type Content = Pick<Transcript, "order" | "entries">;

export function arrange(transcript: Content, chosen: Chosen = {}): Arrangement {
  const { order, entries } = transcript;
  const replies = new Map<string, string[]>();
  const queue: string[] = [];
  let open: string | null = null;
  for (const id of order) {
    const message = entries[id]?.message;
    if (message === undefined) continue;
    const question = message.replyTo;
    if (question != null) replies.set(question, [...(replies.get(question) ?? []), id]);
    else if (isWaiting(message)) queue.push(id);
    else if (isOpen(message)) open = id;
  }
  const { branch, read } = pathOf(transcript, chosen);
  const rows = read.flatMap((id) => {
    const last = (replies.get(id) ?? []).filter((reply) => isLast(entries, reply, id));
    return [id, ...last];
  });
  const place = (id: string) => entries[id]?.message.queuePosition ?? 0;
  queue.sort((one, other) => place(one) - place(other));
  return { rows, queue, open, earlier: branch !== null };
}

/**
 * The questions that are read. All that one new version took the place of is a branch, by that
 * version's id; what is the conversation now is the branch `null`. Where an earlier version is
 * chosen, its branch goes on from there.
 */
function pathOf({ order, entries }: Content, chosen: Chosen) {
  let branch: string | null = null;
  const read: string[] = [];
  for (let at = 0; at < order.length; at++) {
    const id = order[at] ?? "";
    const message = entries[id]?.message;
    if (message === undefined || isWaiting(message) || isAnswer(entries, message)) continue;
    if ((message.supersededBy ?? null) !== branch) continue;
    const wanted = entries[chosen[rootOf(entries, message)] ?? id]?.message ?? message;
    if (wanted.messageId !== id) {
      branch = wanted.supersededBy ?? null;
      at = order.indexOf(wanted.messageId);
    }
    read.push(wanted.messageId);
  }
  return { branch, read };
}

/** A reply without its question, at the beginning of what is loaded, stands for itself. */
function isAnswer(entries: Transcript["entries"], { replyTo }: ChatMessage): boolean {
  return replyTo != null && replyTo in entries;
}

/** Not one that another attempt has taken the place of: it has lost its place only with its question. */
function isLast(entries: Transcript["entries"], reply: string, question: string): boolean {
  const by = (entry: Entry | undefined) => entry?.message.supersededBy ?? null;
  return by(entries[reply]) === by(entries[question]);
}

function isWaiting(message: ChatMessage): boolean {
  return message.role === "user" && message.status === "queued";
}

function isOpen(message: ChatMessage): boolean {
  return (
    message.role === "user" && (message.status === "delivered" || message.status === "streaming")
  );
}
