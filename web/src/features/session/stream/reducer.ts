import type { ChatChunk, ChatMessage } from "@/shared/api/types";
import { foldChunk, hold } from "./fold-chunk";
import { entryOf, foldMessage, lacksChunks } from "./fold-message";
import { emptyTranscript, type Entry, type StreamFrame, type Transcript } from "./transcript";

/** Folds one frame of a session's stream into what is shown. Pure; every frame may come twice. */
export function reduce(state: Transcript, frame: StreamFrame): Transcript {
  switch (frame.event) {
    case "chunk":
      return onChunk(state, frame.data);
    case "message":
      return onMessage(state, frame.data);
    case "session":
      if (state.session !== null && state.session.revision > frame.data.revision) return state;
      return { ...state, session: frame.data };
    case "request": {
      const held = state.requests[frame.data.requestId];
      if (held !== undefined && held.revision > frame.data.revision) return state;
      return { ...state, requests: { ...state.requests, [frame.data.requestId]: frame.data } };
    }
    case "removed":
      return onRemoved(state, frame.data);
    case "resync":
      return { ...state, stale: true };
    default:
      // A server that is newer than this page may say things that it does not know.
      return state;
  }
}

/** The newest page of messages, fetched anew: it replaces everything that it covers. */
export function withNewestPage(state: Transcript, items: readonly ChatMessage[]): Transcript {
  const first = items[0]?.messageId;
  const at = first === undefined ? 0 : state.order.indexOf(first);
  const older = at > 0 ? state.order.slice(0, at) : [];
  const fresh = items.map((message) => entryOf(message));
  const entries: Record<string, Entry> = {};
  for (const id of older) {
    const entry = state.entries[id];
    if (entry !== undefined) entries[id] = entry;
  }
  for (const entry of fresh) entries[entry.message.messageId] = entry;
  const order = [...older, ...items.map((message) => message.messageId)];
  const { session } = state;
  return { ...emptyTranscript, requests: decided(state.requests), session, order, entries };
}

/** What waited may have been answered in what was missed: if it waits still, the inbox has it. */
function decided(requests: Transcript["requests"]): Transcript["requests"] {
  return Object.fromEntries(Object.entries(requests).filter(([, r]) => r.status !== "pending"));
}

export function withOlderPage(state: Transcript, items: readonly ChatMessage[]): Transcript {
  const fresh = items.filter((message) => !(message.messageId in state.entries));
  const entries = { ...state.entries };
  for (const message of fresh) entries[message.messageId] = entryOf(message);
  return { ...state, order: [...fresh.map((m) => m.messageId), ...state.order], entries };
}

function onChunk(state: Transcript, chunk: ChatChunk): Transcript {
  const entry = state.entries[chunk.messageId];
  if (entry === undefined) {
    const waiting = state.early[chunk.messageId] ?? [];
    return { ...state, early: { ...state.early, [chunk.messageId]: [...waiting, chunk] } };
  }
  // A finished message is whole. More comes of one that was given up with its worker, and that worker came back:
  // it belongs to the reply only if the message says that this goes on.
  const next = entry.message.completed ? hold(entry, chunk) : foldChunk(entry, chunk);
  if (next === null) return { ...state, stale: true };
  return next === entry ? state : withEntry(state, next);
}

function onMessage(state: Transcript, message: ChatMessage): Transcript {
  const id = message.messageId;
  const held = state.entries[id];
  if (held !== undefined) {
    const next = foldMessage(held, message);
    if (next === null) return { ...state, stale: true };
    if (next === held) return state;
    const known = withEntry(takesItsPlace(state, held, next) ? atTheEnd(state, id) : state, next);
    return lacksChunks(next, held) ? { ...known, stale: true } : known;
  }
  const { [id]: early = [], ...rest } = state.early;
  const entry = entryOf(message);
  const stale = state.stale || lacksChunks(entry);
  const known = withEntry({ ...state, stale, order: [...state.order, id], early: rest }, entry);
  return early.reduce(onChunk, known);
}

/**
 * A message has its place from when it is delivered, wherever it stood in the queue; one that is tried again keeps it.
 * Its worker may begin before its delivery is heard of, so only a reply that is over tells that.
 */
function takesItsPlace({ entries }: Transcript, held: Entry, next: Entry): boolean {
  if (held.message.status !== "queued" || next.message.status === "queued") return false;
  const id = held.message.messageId;
  return !Object.values(entries).some(({ message }) => message.replyTo === id && message.completed);
}

function atTheEnd(state: Transcript, id: string): Transcript {
  return { ...state, order: [...state.order.filter((other) => other !== id), id] };
}

function onRemoved(state: Transcript, removed: { entity: string; id: string }): Transcript {
  switch (removed.entity) {
    case "session":
      return { ...state, gone: true };
    case "message": {
      const order = state.order.filter((id) => id !== removed.id);
      return { ...state, order, entries: without(state.entries, removed.id) };
    }
    case "request":
      return { ...state, requests: without(state.requests, removed.id) };
    default:
      return state;
  }
}

function without<T>(record: Readonly<Record<string, T>>, gone: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([id]) => id !== gone));
}

function withEntry(state: Transcript, entry: Entry): Transcript {
  return { ...state, entries: { ...state.entries, [entry.message.messageId]: entry } };
}
