import { ChevronRight, Plus } from "lucide-react";
import { useState } from "react";
import type { ChatSession, Machine } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { machinePresence } from "@/shared/fleet/presence";
import { useMachines } from "@/shared/fleet/use-machines";
import { useSessions } from "@/shared/fleet/use-sessions";
import { isMissing, useWorkers } from "@/shared/fleet/use-workers";
import { t } from "@/shared/i18n/strings";
import { useGo, usePlace } from "@/shared/nav/place";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/cn";
import { Dot } from "@/shared/ui/dot";
import { LoadError } from "@/shared/ui/load-error";
import { Skeleton } from "@/shared/ui/skeleton";
import { MachineCounts } from "./machine-counts";
import { MachineMenu } from "./machine-menu";
import { RemovedWorkers } from "./removed-workers";
import { RailRow } from "./rail-row";
import { WorkerSelector } from "./worker-selector";

/** The machines with all that is on them: the way to every worker and session. */
export function MachineSelector() {
  const machines = useMachines();
  const sessions = useSessions();
  const [showHidden, setShowHidden] = useState(false);
  if (isMissing(machines))
    return <LoadError error={machines.error} onRetry={() => void machines.refetch()} />;
  if (machines.data === undefined) return <RailSkeleton />;
  const hidden = machines.data.filter((m) => m.hidden);
  const shown = showHidden ? machines.data : machines.data.filter((m) => !m.hidden);
  return (
    <>
      {isMissing(sessions) && (
        <LoadError error={sessions.error} onRetry={() => void sessions.refetch()} />
      )}
      <ul className="flex flex-col gap-2">
        {shown.map((machine) => (
          <MachineItem key={machine.machineId} machine={machine} sessions={sessions.data ?? []} />
        ))}
      </ul>
      <RemovedWorkers machines={machines.data} sessions={sessions.data ?? []} />
      <Button
        look="ghost"
        size="sm"
        className="mt-2 w-full justify-start pl-2"
        onClick={() => openDialog({ kind: "create-machine" })}
      >
        <Plus /> {t.rail.addMachine}
      </Button>
      {hidden.length > 0 && (
        <button
          type="button"
          aria-expanded={showHidden}
          onClick={() => setShowHidden(!showHidden)}
          className="mt-1 touch w-full rounded-md px-2 py-1 text-left text-xs text-ink-3 hover:bg-hover"
        >
          {t.rail.hidden(hidden.length)}
        </button>
      )}
    </>
  );
}

function MachineItem({
  machine,
  sessions,
}: {
  machine: Machine;
  sessions: readonly ChatSession[];
}) {
  const place = usePlace();
  const go = useGo();
  const [open, setOpen] = useState(true);
  const workers = useWorkers(machine.machineId);
  const { look, label } = machinePresence(machine);
  const current = place.machine === machine.machineId && !place.worker && !place.session;
  return (
    <li className={cn(machine.hidden && "opacity-60")}>
      <div className="flex items-center">
        <button
          type="button"
          aria-expanded={open}
          aria-label={t.rail.expand(machine.name)}
          onClick={() => setOpen(!open)}
          className="flex h-7.5 w-6 shrink-0 items-center justify-center rounded-md text-ink-3 hover:text-ink"
        >
          <ChevronRight
            aria-hidden
            className={cn("size-3.5 transition-transform", open && "rotate-90")}
          />
        </button>
        <div className="min-w-0 flex-1">
          <RailRow
            depth={0}
            className="pl-1"
            current={current}
            onClick={() => go({ machine: machine.machineId })}
            trailing={<MachineMenu machine={machine} />}
          >
            <Dot look={look} label={label} />
            <span className="truncate font-semibold">{machine.name}</span>
            <span className="ml-auto pr-1">
              <MachineCounts machine={machine} />
            </span>
          </RailRow>
        </div>
      </div>
      {open && (
        <ul>
          {workers.isPending && <WorkerSkeleton />}
          {isMissing(workers) && (
            <li className="pl-3">
              <LoadError error={workers.error} onRetry={() => void workers.refetch()} />
            </li>
          )}
          {workers.data?.length === 0 && (
            <li className="pl-7 text-xs leading-7 text-ink-3">{t.rail.noWorkers}</li>
          )}
          <WorkerSelector workers={workers.data ?? []} sessions={sessions} />
        </ul>
      )}
    </li>
  );
}

function WorkerSkeleton() {
  return (
    <li className="space-y-2.5 py-2 pl-7">
      <Skeleton className="h-3 w-24" />
      <Skeleton className="h-3 w-36" />
    </li>
  );
}

function RailSkeleton() {
  return (
    <div role="status" aria-label={t.common.loading} className="space-y-3 p-2">
      {["w-24", "w-32", "w-40", "w-28"].map((width) => (
        <Skeleton key={width} className={cn("h-3.5", width)} />
      ))}
    </div>
  );
}
