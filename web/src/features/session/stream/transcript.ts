import type { AgentRequest, ChatChunk, ChatMessage, ChatSession, Part } from "@/shared/api/types";

/** One message as this page holds it: what the server said, and what its chunks added since. */
export interface Entry {
  message: ChatMessage;
  parts: readonly Part[];
  /** All chunks up to this sequence are in `parts`. */
  received: number;
  /** Chunks that came before the ones they follow. */
  held: readonly ChatChunk[];
}

export interface Transcript {
  /** Message ids, oldest first, as the server ordered them. */
  order: readonly string[];
  entries: Readonly<Record<string, Entry>>;
  requests: Readonly<Record<string, AgentRequest>>;
  session: ChatSession | null;
  /** Chunks of messages that were not announced yet. */
  early: Readonly<Record<string, readonly ChatChunk[]>>;
  /** Something cannot be repaired from the stream: fetch the messages anew. */
  stale: boolean;
  /** The session is not there (any more) for this user. */
  gone: boolean;
}

export const emptyTranscript: Transcript = {
  order: [],
  entries: {},
  requests: {},
  session: null,
  early: {},
  stale: false,
  gone: false,
};

export type StreamFrame =
  | { event: "chunk"; data: ChatChunk }
  | { event: "message"; data: ChatMessage }
  | { event: "session"; data: ChatSession }
  | { event: "request"; data: AgentRequest }
  | { event: "removed"; data: { entity: string; id: string } }
  | { event: "resync"; data: { stream?: string } };
