import { nanoid } from "nanoid";
import { useCallback } from "react";
import { messageOf } from "@/shared/api/api-error";
import { api, must } from "@/shared/api/client";
import { dropOutgoing, putOutgoing, type Outgoing } from "./outbox";

type Unsent = Pick<Outgoing, "sessionId" | "content" | "files" | "model" | "replaces">;

/** Sends under an id made here, so that sending once more is the same message. */
export function useSendMessage() {
  return useCallback(
    (message: Unsent, again: string = nanoid()) =>
      send({ ...message, messageId: again, state: "sending", error: null }),
    [],
  );
}

async function send(item: Outgoing): Promise<void> {
  putOutgoing(item);
  const { messageId, sessionId, content, files, model, replaces } = item;
  const attachments = files.map((file) => file.attachmentId);
  try {
    await must(
      api.POST("/api/v1/sessions/{id}/messages", {
        params: { path: { id: sessionId } },
        body: {
          messageId,
          content,
          model,
          attachments,
          ...(replaces !== undefined && { replaces }),
        },
      }),
    );
    dropOutgoing(messageId);
  } catch (error) {
    putOutgoing({ ...item, state: "failed", error: messageOf(error) });
  }
}
