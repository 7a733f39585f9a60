import { useState } from "react";
import type { ChatMessage, Worker } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useContinueQueue } from "../actions/use-turn-actions";
import { useSessionStream } from "../stream/use-session-stream";
import { WaitingEdit } from "./waiting-edit";
import { WaitingItem } from "./waiting-item";

interface WaitingListProps {
  sessionId: string;
  worker: Worker | undefined;
  queue: readonly string[];
  paused: boolean;
  running: boolean;
}

/** What waits for its turn, above the composer: to be changed, withdrawn, or sent now. */
export function WaitingList({ sessionId, worker, queue, paused, running }: WaitingListProps) {
  const goOn = useContinueQueue(sessionId);
  const stream = useSessionStream();
  /** Those that are edited, as they were when that began. */
  const [edited, setEdited] = useState<readonly ChatMessage[]>([]);
  const [wasEdited, setWasEdited] = useState<string | null>(null);
  // What goes to the agent meanwhile stays here until its editor is closed: nothing that was written in it is lost.
  const late = edited.map((m) => m.messageId).filter((id) => !queue.includes(id));
  const shown = [...late, ...queue];
  if (shown.length === 0) return null;
  const edit = (id: string) => {
    const message = stream.store.getState().transcript.entries[id]?.message;
    if (message !== undefined) setEdited((now) => [...now, message]);
  };
  const done = (id: string) => {
    setEdited((now) => now.filter((m) => m.messageId !== id));
    // Whoever writes on by now keeps the focus.
    setWasEdited(document.activeElement?.id === "composer" ? null : id);
    if (late.includes(id)) document.getElementById("composer")?.focus();
  };
  return (
    <section
      aria-label={t.queue.title(queue.length)}
      className="mx-2 max-h-44 overflow-y-auto rounded-t-lg border border-b-0 border-line bg-panel px-1.5 py-1 has-[textarea]:max-h-64"
    >
      {paused && queue.length > 0 && (
        <div className="flex items-center gap-2 px-2 py-1 text-xs text-wait-ink">
          <p className="flex-1">{t.queue.paused}</p>
          <Button size="sm" busy={goOn.isPending} onClick={() => goOn.mutate()}>
            {t.queue.continue}
          </Button>
        </div>
      )}
      <ol>
        {shown.map((id) => {
          const message = edited.find((m) => m.messageId === id);
          if (message !== undefined)
            return (
              <WaitingEdit
                key={id}
                message={message}
                worker={worker}
                late={late.includes(id)}
                onDone={() => done(id)}
              />
            );
          const at = queue.indexOf(id);
          return (
            <WaitingItem
              key={id}
              sessionId={sessionId}
              messageId={id}
              running={running}
              onEdit={() => edit(id)}
              wasEdited={wasEdited === id}
              // Behind the one that is two places before it; without such a one, to the front.
              above={queue.length > 1 ? { first: at === 0, after: queue[at - 2] ?? null } : null}
            />
          );
        })}
      </ol>
    </section>
  );
}
