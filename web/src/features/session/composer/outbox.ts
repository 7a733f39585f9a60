import { useStore } from "zustand";
import { persist } from "zustand/middleware";
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
  /** What waits is sent when the connection is back; what failed, when the user says so. */
  state: "sending" | "waiting" | "failed";
  error: string | null;
}

interface Outbox {
  items: readonly Outgoing[];
}

/**
 * Messages on their way, kept over a reload: until the server has said that it holds a message,
 * this is the only copy of its text.
 */
const store = createStore<Outbox>()(
  persist((): Outbox => ({ items: [] }), {
    name: `${OWN}outbox`,
    // What was on its way when the page was left may or may not have arrived; sending it again
    // under the same id is the same message, so it is offered.
    merge: (saved, current) => ({
      ...current,
      items: ((saved as Outbox | undefined)?.items ?? []).map((o) =>
        o.state === "waiting" ? o : { ...o, state: "failed" },
      ),
    }),
  }),
);

export function putOutgoing(item: Outgoing): void {
  store.setState(({ items }) => ({
    items: [...items.filter((o) => o.messageId !== item.messageId), item],
  }));
}

export function dropOutgoing(messageId: string): void {
  store.setState(({ items }) => ({ items: items.filter((o) => o.messageId !== messageId) }));
}

/** What the connection has held up, in the order in which it was written. */
export const heldUp = (user: string): readonly Outgoing[] =>
  store.getState().items.filter(({ userId, state }) => userId === user && state !== "failed");

export function useOutbox(): readonly Outgoing[] {
  return useStore(store, (state) => state.items);
}
