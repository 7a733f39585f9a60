import { useEffect, useRef } from "react";
import type { Machine, Worker } from "@/shared/api/types";
import { isApproved, nameOf } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Dot } from "@/shared/ui/dot";
import { RegistrationCard } from "./registration-card";

interface WaitingForWorkerProps {
  worker: Worker | undefined;
  machine: Machine;
  onStart: (workerId: string) => void;
}

/** Follows a new worker from "not seen" over the approval to "online", by itself. */
export function WaitingForWorker({ worker, machine, onStart }: WaitingForWorkerProps) {
  const registrations = worker?.registrations ?? [];
  const asking = worker !== undefined && !isApproved(worker) && registrations.length > 0;
  const box = useRef<HTMLDivElement>(null);
  // On a phone the commands fill the sheet, and the question would come below its edge. It only
  // scrolls: the focus stays with whatever the person does.
  useEffect(() => {
    if (asking) box.current?.scrollIntoView({ block: "nearest" });
  }, [asking]);
  return (
    <div ref={box} aria-live="polite" className="scroll-mb-5">
      {worker !== undefined && isApproved(worker) ? (
        <Approved worker={worker} onStart={onStart} />
      ) : asking ? (
        <div className="flex flex-col gap-3">
          {registrations.map((registration) => (
            <RegistrationCard
              key={registration.fingerprint}
              registration={registration}
              workerName={nameOf(worker)}
              machineName={machine.name}
            />
          ))}
        </div>
      ) : (
        <div className="flex items-start gap-3 rounded-lg border border-dashed border-line-strong px-4 py-3">
          <span className="relative mt-1.5 flex size-2 shrink-0">
            <span className="size-2 animate-breathe rounded-full bg-wait" />
          </span>
          <div>
            <p className="font-medium">{t.worker.waiting}</p>
            <p className="text-xs text-pretty text-ink-3">{t.worker.waitingText}</p>
          </div>
        </div>
      )}
    </div>
  );
}

function Approved({ worker, onStart }: { worker: Worker; onStart: (workerId: string) => void }) {
  const online = worker.status === "online";
  return (
    <div className="flex items-center gap-3 rounded-lg border border-line px-4 py-3">
      <Dot look={online ? "live" : "ready"} label={t.worker.status[worker.status]} />
      <p className="flex-1 font-medium">{online ? t.worker.isOnline : t.worker.comingOnline}</p>
      <Button look="solid" disabled={!online} onClick={() => onStart(worker.workerId)}>
        {t.worker.startSession}
      </Button>
    </div>
  );
}
