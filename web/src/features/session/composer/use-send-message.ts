import { nanoid } from "nanoid";
import { useCallback, useEffect } from "react";
import { ApiError, messageOf } from "@/shared/api/api-error";
import { api, must } from "@/shared/api/client";
import type { LiveClient } from "@/shared/live/live-client";
import { useLive } from "@/shared/live/live-context";
import { dropOutgoing, heldUp, putOutgoing, type Outgoing } from "./outbox";

type Unsent = Pick<Outgoing, "sessionId" | "content" | "files" | "model" | "replaces"> &
  Partial<Pick<Outgoing, "writtenAt">>;

/** An answer takes a moment; one that takes this long does not come any more. */
const ANSWER_MS = 20_000;

/** Let go when the connection is back: what was asked before it broke is asked anew. */
let before = new AbortController();

/** Sends under an id made here, so that sending once more is the same message. */
export function useSendMessage() {
  const live = useLive();
  return useCallback(
    (message: Unsent, again: string = nanoid()) =>
      send(
        {
          writtenAt: Date.now(),
          ...message,
          userId: live.userId,
          messageId: again,
          state: "sending",
          error: null,
        },
        live,
      ),
    [live],
  );
}

/** Sends what waits as soon as there is a connection. */
export function useSendWaiting(): void {
  const live = useLive();
  useEffect(() => {
    if (isLive(live)) void sendHeldUp(live);
    return live.status.subscribe(({ phase }, { phase: last }) => {
      if (phase !== "live" || last === "live") return;
      if (last !== "connecting") {
        before.abort();
        before = new AbortController();
      }
      void sendHeldUp(live);
    });
  }, [live]);
}

const isLive = ({ status }: LiveClient) => status.getState().phase === "live";

/** One after the other: they were written in this order. */
async function sendHeldUp(live: LiveClient): Promise<void> {
  for (const { messageId } of heldUp(live.userId)) {
    // Another tab may have sent it meanwhile.
    const item = heldUp(live.userId).find((held) => held.messageId === messageId);
    if (item !== undefined) await send({ ...item, state: "sending", error: null }, live);
  }
}

async function send(item: Outgoing, live: LiveClient): Promise<void> {
  putOutgoing(item);
  const { messageId, sessionId, content, files, model, replaces } = item;
  const attachments = files.map((file) => file.attachmentId);
  const [anew, unanswered] = [before.signal, AbortSignal.timeout(ANSWER_MS)];
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
        signal: AbortSignal.any([anew, unanswered]),
      }),
    );
    dropOutgoing(messageId);
  } catch (error) {
    if (anew.aborted) return;
    const cutOff = error instanceof ApiError && error.status === 0 && !isLive(live);
    const state = cutOff || unanswered.aborted ? "waiting" : "failed";
    putOutgoing({ ...item, state, error: messageOf(error) });
  }
}
