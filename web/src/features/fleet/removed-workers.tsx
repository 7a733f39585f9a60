import { useState } from "react";
import type { ChatSession, Machine } from "@/shared/api/types";
import { useAllWorkers } from "@/shared/fleet/use-workers";
import { t } from "@/shared/i18n/strings";
import { FoldButton } from "./fold-button";
import { SessionRow } from "./session-row";

interface RemovedWorkersProps {
  machines: readonly Machine[];
  sessions: readonly ChatSession[];
}

/** The sessions that have outlived their worker, or its machine: they stay readable. */
export function RemovedWorkers({ machines, sessions }: RemovedWorkersProps) {
  const workers = useAllWorkers(machines);
  const [open, setOpen] = useState(false);
  // Until all are loaded, nobody knows which are gone.
  if (machines.some(({ machineId }) => !workers.has(machineId))) return null;
  const known = new Set([...workers.values()].flat().map(({ workerId }) => workerId));
  const left = sessions.filter(({ workerId }) => !known.has(workerId));
  if (left.length === 0) return null;
  return (
    <div className="mt-2">
      <FoldButton open={open} onClick={() => setOpen(!open)}>
        {t.rail.removedWorkers}
      </FoldButton>
      {open &&
        left
          .toSorted((a, b) => b.lastActivity - a.lastActivity)
          .map((session) => <SessionRow key={session.chatSessionId} session={session} />)}
    </div>
  );
}
