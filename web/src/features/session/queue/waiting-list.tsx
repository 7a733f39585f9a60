import type { Worker } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useContinueQueue } from "../actions/use-turn-actions";
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
  if (queue.length === 0) return null;
  return (
    <section
      aria-label={t.queue.title(queue.length)}
      className="mx-2 max-h-44 overflow-y-auto rounded-t-lg border border-b-0 border-line bg-panel px-1.5 py-1 has-[textarea]:max-h-64"
    >
      {paused && (
        <div className="flex items-center gap-2 px-2 py-1 text-xs text-wait-ink">
          <p className="flex-1">{t.queue.paused}</p>
          <Button size="sm" busy={goOn.isPending} onClick={() => goOn.mutate()}>
            {t.queue.continue}
          </Button>
        </div>
      )}
      <ol>
        {queue.map((id, at) => (
          <WaitingItem
            key={id}
            sessionId={sessionId}
            messageId={id}
            worker={worker}
            running={running}
            // Behind the one that is two places before it; without such a one, to the front.
            above={queue.length > 1 ? { first: at === 0, after: queue[at - 2] ?? null } : null}
          />
        ))}
      </ol>
    </section>
  );
}
