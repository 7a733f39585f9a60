import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { OWN } from "@/shared/account/own-storage";
import type { Attachment } from "@/shared/api/types";

export interface Outgoing {
  messageId: string;
  /** Whose it is: the next who signs in here sends nothing of it. */
  userId: string;
  sessionId: string;
  content: string;
  files: readonly Attachment[];
  model: string;
  /** The message that it is a new version of. */
  replaces?: string;
  /** In ms since the epoch. */
  writtenAt: number;
  /**
   * What waits is sent by itself, what failed when the user says so. What was sent is shown until it has come along
   * the session's stream.
   */
  state: "sending" | "waiting" | "failed" | "sent";
  error: string | null;
}

/** Each message has a name of its own: tabs that write at once do not overwrite each other's. */
const PREFIX = `${OWN}outbox.`;

/**
 * Messages on their way, of all tabs, kept over a reload: until the server has said that it holds
 * a message, this is the only copy of its text.
 */
const store = createStore<readonly Outgoing[]>(() => {
  takeOver();
  return inOrder(kept());
});

window.addEventListener("storage", ({ key, newValue }) => {
  if (key === null) store.setState([], true);
  else if (key.startsWith(PREFIX)) hold(key.slice(PREFIX.length), read(newValue));
});

export function putOutgoing(item: Outgoing): void {
  hold(item.messageId, item);
  localStorage.setItem(PREFIX + item.messageId, JSON.stringify(item));
}

export function dropOutgoing(messageId: string): void {
  hold(messageId, null);
  localStorage.removeItem(PREFIX + messageId);
}

/** The server holds it: from now on this is not the only copy. */
export function setSent(item: Outgoing): void {
  dropOutgoing(item.messageId);
  hold(item.messageId, { ...item, state: "sent" });
}

/** The session is about to be fetched, and what was sent with it. */
export function forgetSent(session: string): void {
  const sent = store.getState().filter((o) => o.sessionId === session && o.state === "sent");
  sent.forEach(({ messageId }) => dropOutgoing(messageId));
}

/** What is yet to be sent, in the order in which it was written. */
export const heldUp = (user: string): readonly Outgoing[] =>
  store
    .getState()
    .filter(({ userId, state }) => userId === user && (state === "sending" || state === "waiting"));

export function useOutbox(): readonly Outgoing[] {
  return useStore(store);
}

function hold(messageId: string, item: Outgoing | null): void {
  const others = store.getState().filter((other) => other.messageId !== messageId);
  store.setState(inOrder(item === null ? others : [...others, item]), true);
}

function inOrder(items: readonly Outgoing[]): readonly Outgoing[] {
  return items.toSorted((one, other) => one.writtenAt - other.writtenAt);
}

/**
 * What was on its way when the page was left may or may not have arrived; sending it again under
 * the same id is the same message, so it is offered. If another tab is sending it, that tab tells.
 */
function kept(): Outgoing[] {
  return Object.entries<string>(localStorage)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([, saved]) => read(saved))
    .filter((item) => item !== null)
    .map((item) => (item.state === "waiting" ? item : { ...item, state: "failed" }));
}

/** What is no message, nobody could send. */
function read(saved: string | null): Outgoing | null {
  try {
    return JSON.parse(saved ?? "null") as Outgoing | null;
  } catch {
    return null;
  }
}

/** An earlier version kept them in one list, in the order in which they were written. */
function takeOver(): void {
  const list = localStorage.getItem(`${OWN}outbox`);
  if (list === null) return;
  const { items } = (JSON.parse(list) as { state: { items: Omit<Outgoing, "writtenAt">[] } }).state;
  items.forEach((item, writtenAt) =>
    localStorage.setItem(PREFIX + item.messageId, JSON.stringify({ ...item, writtenAt })),
  );
  localStorage.removeItem(`${OWN}outbox`);
}
