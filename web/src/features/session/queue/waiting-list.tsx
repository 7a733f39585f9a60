import { useState } from "react";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useContinueQueue } from "../actions/use-turn-actions";
import type { Place } from "../composer/suggestions/use-suggestions";
import { useSessionStream, useSessionView } from "../stream/use-session-stream";
import { editOf, useEdits } from "./use-edits";
import { WaitingEdit } from "./waiting-edit";
import { WaitingItem } from "./waiting-item";

interface WaitingListProps {
  sessionId: string;
  place: Place;
  queue: readonly string[];
  paused: boolean;
  running: boolean;
}

/** What waits for its turn, above the composer: to be changed, withdrawn, or sent now. */
export function WaitingList({ sessionId, place, queue, paused, running }: WaitingListProps) {
  const goOn = useContinueQueue(sessionId);
  const stream = useSessionStream();
  const known = useSessionView((view) => view.phase === "ready");
  const [edits, change] = useEdits(sessionId);
  /** Its editor was opened here and now, and not found as it was left. */
  const [opened, setOpened] = useState<string | null>(null);
  const [wasEdited, setWasEdited] = useState<string | null>(null);
  // What goes to the agent meanwhile stays here until its editor is closed: nothing that was written in it is lost.
  const late = edits.map((edit) => edit.messageId).filter((id) => known && !queue.includes(id));
  const shown = [...late, ...queue];
  if (shown.length === 0) return null;
  const open = (id: string) => {
    const message = stream.store.getState().transcript.entries[id]?.message;
    if (message !== undefined) change((now) => [...now, editOf(message)]);
    setOpened(id);
  };
  const done = (id: string) => {
    change((now) => now.filter((edit) => edit.messageId !== id));
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
          const edit = edits.find((one) => one.messageId === id);
          if (edit !== undefined)
            return (
              <WaitingEdit
                key={id}
                sessionId={sessionId}
                edit={edit}
                place={place}
                late={late.includes(id)}
                takesFocus={opened === id}
                onChange={(to) =>
                  change((now) => now.map((one) => (one.messageId === id ? to : one)))
                }
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
              onEdit={() => open(id)}
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
