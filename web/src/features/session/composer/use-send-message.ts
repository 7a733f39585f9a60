import { nanoid } from "nanoid";
import { useCallback } from "react";
import { messageOf } from "@/shared/api/api-error";
import { api, must } from "@/shared/api/client";
import { dropOutgoing, putOutgoing, type Outgoing } from "./outbox";

/** Sends under an id made here, so that sending once more is the same message. */
export function useSendMessage() {
  return useCallback(
    (sessionId: string, content: string, model: string, again: string = nanoid()) =>
      send({ messageId: again, sessionId, content, model, state: "sending", error: null }),
    [],
  );
}

async function send(item: Outgoing): Promise<void> {
  putOutgoing(item);
  const { messageId, sessionId, content, model } = item;
  try {
    await must(
      api.POST("/api/v1/sessions/{id}/messages", {
        params: { path: { id: sessionId } },
        body: { messageId, content, model },
      }),
    );
    dropOutgoing(messageId);
  } catch (error) {
    putOutgoing({ ...item, state: "failed", error: messageOf(error) });
  }
}
