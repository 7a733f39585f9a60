import { useState } from "react";
import { messageOf } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { Spinner } from "@/shared/ui/spinner";

/** What is done to one of several things. */
export interface BatchTask {
  /** The thing's own: it is the same in all actions. */
  key: string;
  name: string;
  run: () => Promise<unknown>;
}

export interface BatchAction {
  label: string;
  solid?: boolean;
  tasks: readonly BatchTask[];
  /** Asked before it begins. */
  confirm?: { title: string; text: string };
}

interface BatchActionsProps {
  label: string;
  actions: readonly BatchAction[];
}

/** Decides on several things that wait, one after the other; one that fails holds up none of the others. */
export function BatchActions({ label, actions }: BatchActionsProps) {
  const [progress, setProgress] = useState<{ done: number; all: number } | null>(null);
  const [failures, setFailures] = useState<ReadonlyMap<string, string>>(new Map());
  const [asked, setAsked] = useState<BatchAction | null>(null);
  const waiting = new Map(
    actions.flatMap(({ tasks }) => tasks.map(({ key, name }) => [key, name] as const)),
  );
  // What was decided elsewhere meanwhile failed too, and needs nobody any more.
  const failed = [...failures].filter(([key]) => waiting.has(key));
  const run = async ({ tasks }: BatchAction) => {
    setFailures(new Map());
    for (const [done, task] of tasks.entries()) {
      setProgress({ done, all: tasks.length });
      try {
        await task.run();
      } catch (error) {
        setFailures((before) => new Map(before).set(task.key, messageOf(error)));
      }
    }
    setProgress(null);
  };
  if (waiting.size < 2 && progress === null && failed.length === 0) return null;
  return (
    <div role="group" aria-label={label} className="mb-3 rounded-lg bg-panel px-4 py-2">
      <div className="flex flex-wrap items-center gap-2">
        <span className="mr-auto text-ink-2">{label}</span>
        <span role="status" className="flex items-center gap-1.5 text-xs text-ink-3">
          {progress !== null && (
            <>
              <Spinner /> {t.batch.progress(progress.done, progress.all)}
            </>
          )}
        </span>
        {actions.map(
          (action) =>
            action.tasks.length > 1 && (
              <Button
                key={action.label}
                size="sm"
                look={action.solid ? "solid" : "outline"}
                disabled={progress !== null}
                onClick={() => (action.confirm === undefined ? void run(action) : setAsked(action))}
              >
                {action.label}
              </Button>
            ),
        )}
      </div>
      {failed.length > 0 && (
        <div role="alert" className="mt-1.5 text-xs text-bad-ink">
          <p className="font-medium">{t.batch.failed(failed.length)}</p>
          <ul>
            {failed.map(([key, why]) => (
              <li key={key} className="[overflow-wrap:anywhere]">
                {waiting.get(key)}: {why}
              </li>
            ))}
          </ul>
        </div>
      )}
      {asked?.confirm !== undefined && (
        <ConfirmDialog
          open
          destructive
          onOpenChange={() => setAsked(null)}
          title={asked.confirm.title}
          text={asked.confirm.text}
          action={asked.label}
          onConfirm={() => void run(asked)}
        />
      )}
    </div>
  );
}
