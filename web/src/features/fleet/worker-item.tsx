import { ChevronRight, SquarePen } from "lucide-react";
import { useState } from "react";
import type { Worker } from "@/shared/api/types";
import { isApproved, nameOf, workerPresence } from "@/shared/fleet/presence";
import { ago } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/cn";
import { Dot } from "@/shared/ui/dot";
import { WorkerMenu } from "./worker-menu";
import { RestrictionNotice } from "@/shared/fleet/restriction-notice";
import { WorkerPermissions } from "@/shared/fleet/worker-permissions";

export function WorkerItem({ worker }: { worker: Worker }) {
  const go = useGo();
  const [open, setOpen] = useState(false);
  const { look, label, hint } = workerPresence(worker);
  const facts = [
    worker.backend,
    worker.version,
    worker.models.length > 0 ? t.worker.models(worker.models.length) : null,
    worker.lastHeartbeat == null || !isApproved(worker)
      ? null
      : t.worker.heartbeat(ago(worker.lastHeartbeat)),
  ].filter(Boolean);
  return (
    <li className="border-b border-line py-2.5 last:border-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="flex touch min-w-0 flex-1 items-center gap-2.5 rounded-md text-left"
        >
          <ChevronRight
            aria-hidden
            className={cn("size-3.5 shrink-0 text-ink-3 transition-transform", open && "rotate-90")}
          />
          <Dot look={look} label={hint} />
          <span className="min-w-0">
            <span className="block truncate font-medium">{nameOf(worker)}</span>
            <span className="block text-xs text-pretty text-ink-3">
              {[label, ...facts].join(" · ")}
            </span>
          </span>
        </button>
        {isApproved(worker) && (
          <Button
            size="sm"
            onClick={() => go({ machine: worker.machineId, worker: worker.workerId })}
          >
            <SquarePen /> <span className="max-sm:sr-only">{t.rail.newSession}</span>
          </Button>
        )}
        <WorkerMenu worker={worker} />
      </div>
      <RestrictionNotice worker={worker} className="mt-1.5 pl-6" />
      {open && (
        <div className="mt-3 mb-2 pl-6">
          <WorkerPermissions workerId={worker.workerId} />
        </div>
      )}
    </li>
  );
}
