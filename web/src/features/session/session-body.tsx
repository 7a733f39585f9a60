import { useState } from "react";
import type { ChatSession, Worker } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { waitHint } from "@/shared/fleet/presence";
import { RestrictionNotice } from "@/shared/fleet/restriction-notice";
import { t } from "@/shared/i18n/strings";
import { isSteppedTo } from "@/shared/keys/stepped-to";
import { Button } from "@/shared/ui/button";
import { LoadError } from "@/shared/ui/load-error";
import { MessageActionsContext } from "./actions/message-actions";
import { useMarkRead } from "./actions/use-mark-read";
import { useMessageActionsOf } from "./actions/use-message-actions-of";
import { Composer } from "./composer/composer";
import { WaitingList } from "./queue/waiting-list";
import { useSessionStream, useSessionView } from "./stream/use-session-stream";
import { EarlierNotice } from "./transcript/earlier-notice";
import { FinishedAnnouncer } from "./transcript/finished-announcer";
import { OutgoingMessage } from "./transcript/outgoing-message";
import { TranscriptSkeleton } from "./transcript/transcript-skeleton";
import { TranscriptView } from "./transcript/transcript-view";
import { TurnWait } from "./transcript/turn-wait";
import { useWorkerChat } from "./use-worker-chat";

export function SessionBody({
  session,
  worker,
}: {
  session: ChatSession;
  worker: Worker | undefined;
}) {
  const stream = useSessionStream();
  const phase = useSessionView((view) => view.phase);
  const error = useSessionView((view) => view.error);
  const chat = useWorkerChat(session);
  const { rows, queue, open, earlier } = chat.arrangement;
  const actions = useMessageActionsOf(session, worker, chat.onSent);
  useMarkRead(session, rows.at(-1));
  const [takesFocus] = useState(() => !isSteppedTo(session.chatSessionId));
  const hint = worker === undefined ? null : waitHint(worker);
  return (
    <MessageActionsContext value={actions}>
      <div className="flex min-w-0 flex-1 flex-col">
        <FinishedAnnouncer />
        {phase === "loading" && <TranscriptSkeleton />}
        {phase === "error" && (
          <div className="flex-1">
            <LoadError error={error} onRetry={() => void stream.load()} />
          </div>
        )}
        {phase === "ready" && (
          <TranscriptView
            rows={rows}
            jump={chat.sent}
            tail={
              <>
                {rows.length + queue.length + chat.outgoing.length === 0 && (
                  <p className="pt-10 text-center text-ink-3">{t.session.empty}</p>
                )}
                {!earlier && <TurnWait open={open} />}
                {chat.outgoing.map((item) => (
                  <OutgoingMessage key={item.messageId} item={item} onEdit={chat.editAgain} />
                ))}
              </>
            }
          />
        )}
        {session.status === "terminated" ? (
          <Ended session={session} />
        ) : (
          <Composer
            takesFocus={takesFocus}
            conversation={session.chatSessionId}
            worker={worker}
            directory={session.directory}
            draft={chat.draft}
            onDraft={chat.setDraft}
            model={chat.model}
            onModel={chat.chooseModel}
            mode={chat.mode}
            onMode={chat.chooseMode}
            onEditLast={actions.blocked === null && actions.canRewind ? chat.editLast : undefined}
            onSend={chat.sendDraft}
            running={chat.running}
            above={
              <>
                {earlier && <EarlierNotice />}
                {worker !== undefined && (
                  <RestrictionNotice worker={worker} className="px-2 pb-1.5" />
                )}
                {hint !== null && worker?.restriction !== "cut_off" && queue.length === 0 && (
                  <p className="px-2 pb-1.5 text-xs text-ink-3">{hint}</p>
                )}
                <WaitingList
                  sessionId={session.chatSessionId}
                  place={{ worker, directory: session.directory }}
                  queue={queue}
                  paused={session.queue === "paused"}
                  running={open !== null}
                />
              </>
            }
          />
        )}
      </div>
    </MessageActionsContext>
  );
}

function Ended({ session }: { session: ChatSession }) {
  return (
    <div className="measure px-4 pb-4">
      <div className="flex flex-wrap items-center justify-between gap-3 rounded-xl border border-line bg-panel px-4 py-3">
        <p className="text-ink-2">{t.session.ended}</p>
        <Button
          look="solid"
          onClick={() => openDialog({ kind: "resume-session", sessionId: session.chatSessionId })}
        >
          {t.session.resume}
        </Button>
      </div>
    </div>
  );
}
