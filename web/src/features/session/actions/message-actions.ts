import { createContext, use } from "react";
import type { ChatMessage } from "@/shared/api/types";

/** What can be done with the messages of the open session. */
export interface MessageActions {
  /** Why no new version can be sent now; null when it can. */
  blocked: "ended" | "busy" | null;
  /** Whether the agent can forget what followed a message. */
  canRewind: boolean;
  /** Sends a new version of a message of the user, with its files: with the same text, to have it answered anew. */
  resend: (message: ChatMessage, content: string) => void;
  /** A new session with everything up to a message. */
  fork: (messageId: string) => void;
  /** A new session with everything before a message, whose text waits in its composer. */
  forkBefore: (messageId: string, content: string) => void;
}

export const MessageActionsContext = createContext<MessageActions | null>(null);

export function useMessageActions(): MessageActions {
  const actions = use(MessageActionsContext);
  if (actions === null) throw new Error("useMessageActions needs a MessageActionsContext");
  return actions;
}
