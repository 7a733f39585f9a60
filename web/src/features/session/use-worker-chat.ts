import { useCallback, useEffect, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import type { ChatSession } from "@/shared/api/types";
import { useUpdateSession } from "./actions/use-session-actions";
import { useStopTurn } from "./actions/use-turn-actions";
import { clearFiles, putBack, useDraftFiles } from "./attachments/draft-files";
import { dropOutgoing, forgetSent, useOutbox, type Outgoing } from "./composer/outbox";
import { beforeDraft, useDraft } from "./composer/use-draft";
import { useSendMessage } from "./composer/use-send-message";
import { useArrangement } from "./stream/use-arrangement";
import { useSessionStream, useSessionView } from "./stream/use-session-stream";

/** Everything the open session's composer and list need, in one place. */
export function useWorkerChat(session: ChatSession) {
  const { chatSessionId: id, model, mode } = session;
  const stream = useSessionStream();
  const arrangement = useArrangement();
  const outbox = useOutbox();
  // Nothing here may change with each chunk: the whole session would be rendered with it.
  const outgoing = useSessionView(
    useShallow(({ transcript: { entries } }) =>
      outbox.filter((o) => o.sessionId === id && !(o.messageId in entries)),
    ),
  );
  useSentUntilThere(id, outbox);
  const open = useSessionView(
    ({ transcript: { entries } }) => entries[arrangement.open ?? ""]?.message,
  );
  const [draft, setDraft] = useDraft(id);
  const files = useDraftFiles(id);
  const [sent, setSent] = useState(0);
  const send = useSendMessage();
  const stop = useStopTurn(id);
  const update = useUpdateSession(id);
  return {
    arrangement,
    outgoing,
    draft,
    setDraft,
    /** Back into the composer with a message that was not sent, before what is being written there. */
    editAgain: (item: Outgoing) => {
      setDraft(beforeDraft(item.content, draft));
      putBack(id, item.files);
    },
    sent,
    chooseModel: (next: string) => update.mutate({ model: next }),
    model: update.isPending ? (update.variables.model ?? model) : model,
    chooseMode: (next: string) => update.mutate({ mode: next }),
    mode: (update.isPending ? update.variables.mode : undefined) ?? mode ?? null,
    onSent: useCallback(() => setSent((n) => n + 1), []),
    editLast: () => {
      const { entries } = stream.store.getState().transcript;
      const last = arrangement.rows.findLast((row) => entries[row]?.message.role === "user");
      if (last !== undefined) stream.edit(last);
    },
    sendDraft: () => {
      const attachments = files.flatMap((file) => file.attachment ?? []);
      stream.showCurrent();
      void send({ sessionId: id, content: draft.trim(), files: attachments, model });
      setDraft("");
      clearFiles(id, files);
      setSent((n) => n + 1);
    },
    running:
      open === undefined
        ? null
        : {
            text: open.content.slice(0, 60) || (open.attachments[0]?.name ?? ""),
            stopping: stop.isPending && stop.variables === open.messageId,
            onStop: () => stop.mutate(open.messageId),
          },
  };
}

/** What was sent is kept in sight until it has come along the stream: then the session shows it itself. */
function useSentUntilThere(id: string, outbox: readonly Outgoing[]): void {
  const stream = useSessionStream();
  useEffect(() => {
    if (stream.store.getState().phase === "loading") forgetSent(id);
  }, [stream, id]);
  const sent = outbox.filter((o) => o.sessionId === id && o.state === "sent");
  const there = useSessionView(
    useShallow(({ transcript: { entries } }) =>
      sent.map((o) => o.messageId).filter((messageId) => messageId in entries),
    ),
  );
  useEffect(() => there.forEach(dropOutgoing), [there]);
}
