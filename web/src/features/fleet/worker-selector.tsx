import { SquarePen } from "lucide-react";
import type { ChatSession, Worker } from "@/shared/api/types";
import { isApproved, nameOf, workerPresence } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { useGo, usePlace } from "@/shared/nav/place";
import { Dot } from "@/shared/ui/dot";
import { IconButton } from "@/shared/ui/icon-button";
import { RailRow } from "./rail-row";
import { SessionList } from "./session-list";

interface WorkerSelectorProps {
  workers: readonly Worker[];
  sessions: readonly ChatSession[];
}

/** The workers of one machine with their sessions. One that was never approved is only named. */
export function WorkerSelector({ workers, sessions }: WorkerSelectorProps) {
  const place = usePlace();
  const go = useGo();
  return workers.map((worker) => {
    const { workerId, machineId } = worker;
    const { look, label } = workerPresence(worker);
    const open = () => go({ machine: machineId, worker: workerId });
    const own = sessions.filter((s) => s.workerId === workerId);
    return (
      <li key={workerId}>
        <RailRow
          depth={1}
          current={place.worker === workerId && place.session === undefined}
          onClick={open}
          trailing={
            isApproved(worker) && (
              <IconButton
                size="icon-sm"
                label={t.rail.newSessionOn(nameOf(worker))}
                className="size-6.5 opacity-0 group-hover/row:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
                onClick={open}
              >
                <SquarePen />
              </IconButton>
            )
          }
        >
          <Dot look={look} label={label} />
          <span className="truncate">{nameOf(worker)}</span>
        </RailRow>
        <SessionList sessions={own} />
      </li>
    );
  });
}
