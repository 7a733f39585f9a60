import { useMemo } from "react";
import type { ChatSession, Worker } from "@/shared/api/types";
import { useGo } from "@/shared/nav/place";
import { beforeDraft, savedDraft, saveDraft } from "../composer/use-draft";
import { useSendMessage } from "../composer/use-send-message";
import { useArrangement } from "../stream/use-arrangement";
import { useSessionStream } from "../stream/use-session-stream";
import type { MessageActions } from "./message-actions";
import { useForkSession } from "./use-session-actions";

export function useMessageActionsOf(
  session: ChatSession,
  worker: Worker | undefined,
  onSent: () => void,
): MessageActions {
  const { chatSessionId: id, model, workerId } = session;
  const { rows, open } = useArrangement();
  const stream = useSessionStream();
  const send = useSendMessage();
  const go = useGo();
  const { mutate: fork } = useForkSession(id, ({ chatSessionId }) =>
    go({ session: chatSessionId }),
  );
  const ended = session.status === "terminated";
  const blocked = ended ? "ended" : open !== null ? "busy" : null;
  const canRewind = worker?.capabilities?.rewind ?? false;
  return useMemo(
    () => ({
      blocked,
      canRewind,
      resend: ({ messageId, attachments }, content) => {
        stream.edit(null);
        stream.showCurrent();
        void send({
          sessionId: id,
          content,
          files: attachments,
          model,
          replaces: messageId,
        });
        onSent();
      },
      fork: (messageId) => fork({ messageId }),
      forkBefore: (messageId, content) => {
        const before = rows[rows.indexOf(messageId) - 1];
        if (before !== undefined) {
          fork({ messageId: before, draft: content });
          return;
        }
        const composer = `worker:${workerId}`;
        saveDraft(composer, beforeDraft(content, savedDraft(composer)));
        go({ worker: workerId });
      },
    }),
    [blocked, canRewind, rows, id, model, workerId, stream, send, go, fork, onSent],
  );
}
