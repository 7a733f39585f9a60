import { nanoid } from "nanoid";
import { useCallback, useEffect } from "react";
import { ApiError, messageOf } from "@/shared/api/api-error";
import { api, must } from "@/shared/api/client";
import type { LiveClient } from "@/shared/live/live-client";
import { useLive } from "@/shared/live/live-context";
import { heldUp, putOutgoing, setSent, type Outgoing } from "./outbox";

type Unsent = Pick<Outgoing, "sessionId" | "content" | "files" | "model" | "replaces"> &
  Partial<Pick<Outgoing, "writtenAt">>;

/** An answer takes a moment; one that takes this long does not come any more. */
const ANSWER_MS = 20_000;

/** From one try to the next, while the server can be reached but does not answer; it grows. */
const PAUSE_MS = { first: 1_000, most: 60_000 };

/** Let go when the connection is back: what was asked before it broke is asked anew. */
let before = new AbortController();

/** The sessions that are being sent to; calling one ends its pause before the next try. */
const loops = new Map<string, () => void>();

/** Sends under an id made here, so that sending once more is the same message. */
export function useSendMessage() {
  const live = useLive();
  return useCallback(
    (message: Unsent, again: string = nanoid()) => {
      putOutgoing({
        writtenAt: Date.now(),
        ...message,
        userId: live.userId,
        messageId: again,
        state: "sending",
        error: null,
      });
      return sendTo(message.sessionId, live);
    },
    [live],
  );
}

/** Sends what waits as soon as there is a connection. */
export function useSendWaiting(): void {
  const live = useLive();
  useEffect(() => {
    if (isLive(live)) sendHeldUp(live);
    return live.status.subscribe(({ phase }, { phase: last }) => {
      if (phase !== "live" || last === "live") return;
      if (last !== "connecting") {
        before.abort();
        before = new AbortController();
      }
      sendHeldUp(live);
    });
  }, [live]);
}

const isLive = ({ status }: LiveClient) => status.getState().phase === "live";

function sendHeldUp(live: LiveClient): void {
  const sessions = new Set(heldUp(live.userId).map(({ sessionId }) => sessionId));
  for (const id of sessions) void sendTo(id, live);
}

/** Sends what is held up for a session, one after the other: it was written in this order. */
async function sendTo(sessionId: string, live: LiveClient): Promise<void> {
  const tryNow = loops.get(sessionId);
  if (tryNow !== undefined) {
    tryNow();
    return;
  }
  loops.set(sessionId, () => undefined);
  // Asked anew each time: it changes, by other tabs too.
  const held = () => heldUp(live.userId).filter((item) => item.sessionId === sessionId);
  let pause = PAUSE_MS.first;
  try {
    for (let [item] = held(); item !== undefined; [item] = held()) {
      const anew = before.signal;
      if (await isDealtWith(item, live, anew)) pause = PAUSE_MS.first;
      else if (!anew.aborted) {
        for (const each of held()) putOutgoing({ ...each, state: "waiting" });
        // When the connection is back, it begins again.
        if (!isLive(live)) return;
        await new Promise<void>((resolve) => {
          loops.set(sessionId, resolve);
          setTimeout(resolve, pause);
        });
        pause = Math.min(2 * pause, PAUSE_MS.most);
      }
    }
  } finally {
    loops.delete(sessionId);
  }
}

/** Whether the server has taken or refused it; else it is to be sent again. */
async function isDealtWith(item: Outgoing, live: LiveClient, anew: AbortSignal): Promise<boolean> {
  const { messageId, sessionId, content, files, model, replaces } = item;
  if (item.state !== "sending") putOutgoing({ ...item, state: "sending", error: null });
  const attachments = files.map((file) => file.attachmentId);
  const unanswered = AbortSignal.timeout(ANSWER_MS);
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
    setSent(item);
  } catch (error) {
    const cutOff = error instanceof ApiError && error.status === 0 && !isLive(live);
    if (anew.aborted || unanswered.aborted || cutOff) return false;
    // Another tab may have sent it meanwhile.
    if (heldUp(live.userId).some((held) => held.messageId === messageId))
      putOutgoing({ ...item, state: "failed", error: messageOf(error) });
  }
  return true;
}
