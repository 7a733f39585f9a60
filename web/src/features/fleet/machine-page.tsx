import { Plus } from "lucide-react";
import type { Machine } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { machinePresence } from "@/shared/fleet/presence";
import { isMissing, useWorkers } from "@/shared/fleet/use-workers";
import { ago } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Dot } from "@/shared/ui/dot";
import { LoadError } from "@/shared/ui/load-error";
import { Skeleton } from "@/shared/ui/skeleton";
import { MachineMenu } from "./machine-menu";
import { WorkersList } from "./workers-list";

export function MachinePage({ machine }: { machine: Machine }) {
  const workers = useWorkers(machine.machineId);
  const { machineId } = machine;
  const { look, label } = machinePresence(machine);
  const { online, offline, pending } = machine.workerCounts;
  return (
    <div className="mx-auto w-full max-w-3xl px-5 py-6 md:py-10">
      <header className="flex flex-wrap items-start gap-x-3 gap-y-2">
        <h1 className="min-w-0 flex-auto py-0.5 text-xl font-semibold tracking-[-0.02em] [overflow-wrap:anywhere] sm:basis-64 pointer-coarse:py-1.5">
          {machine.name}
        </h1>
        <span className="flex items-center gap-1.5">
          <Button look="solid" onClick={() => openDialog({ kind: "create-worker", machineId })}>
            <Plus /> {t.machine.addWorker}
          </Button>
          <MachineMenu machine={machine} />
        </span>
        <p className="flex w-full flex-wrap items-center gap-x-2 text-ink-2">
          <Dot look={look} label={label} />
          <span>{label}</span>
          <span aria-hidden>·</span>
          <span>{t.machine.counts(online, offline, pending)}</span>
          {machine.status === "offline" && (
            <>
              <span aria-hidden>·</span>
              <span className="text-ink-3">
                {machine.lastSeen == null
                  ? t.machine.neverSeen
                  : t.machine.lastSeen(ago(machine.lastSeen))}
              </span>
            </>
          )}
        </p>
      </header>
      {workers.isPending && (
        <div role="status" aria-label={t.common.loading} className="mt-8 space-y-3">
          <Skeleton className="h-14 w-full" />
          <Skeleton className="h-14 w-full" />
        </div>
      )}
      {isMissing(workers) && (
        <LoadError error={workers.error} onRetry={() => void workers.refetch()} />
      )}
      {workers.data?.length === 0 && (
        <section className="mt-8 rounded-lg border border-dashed border-line-strong p-5">
          <h2 className="font-semibold">{t.machine.noWorkersTitle}</h2>
          <p className="mt-1 max-w-prose text-pretty text-ink-2">{t.machine.noWorkersText}</p>
          <Button className="mt-4" onClick={() => openDialog({ kind: "create-worker", machineId })}>
            <Plus /> {t.machine.addWorker}
          </Button>
        </section>
      )}
      {workers.data !== undefined && <WorkersList machine={machine} workers={workers.data} />}
      <section className="mt-12 border-t border-line pt-5">
        <h2 className="text-xs font-medium text-ink-3">{t.machine.danger}</h2>
        <div className="mt-2 flex flex-wrap items-center justify-between gap-3">
          <p className="max-w-md text-pretty text-ink-2">
            {t.machine.deleteText(machine.assistantCount)}
          </p>
          <Button look="danger" onClick={() => openDialog({ kind: "delete-machine", machineId })}>
            {t.machine.delete}
          </Button>
        </div>
      </section>
    </div>
  );
}
