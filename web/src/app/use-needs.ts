import { createContext, use, useMemo } from "react";
import type { AgentRequest, Machine, Registration, Worker } from "@/shared/api/types";
import { useMachines } from "@/shared/fleet/use-machines";
import { useRequests } from "@/shared/fleet/use-requests";
import { useAllWorkers } from "@/shared/fleet/use-workers";

export interface AskingWorker {
  registration: Registration;
  worker: Worker;
  machine: Machine;
}

interface Needs {
  registrations: readonly AskingWorker[];
  requests: readonly AgentRequest[];
  count: number;
}

/** Found once for the whole page: each who looks would follow every list by itself. */
export const NeedsContext = createContext<Needs>({ registrations: [], requests: [], count: 0 });

/** All that waits for the user's decision, over all machines. */
export const useNeeds = (): Needs => use(NeedsContext);

const NONE: readonly never[] = [];

export function useFoundNeeds(): Needs {
  const machines = useMachines().data ?? NONE;
  const workers = useAllWorkers(machines);
  const requests = useRequests().data ?? NONE;
  return useMemo(() => {
    const registrations = machines.flatMap((machine) =>
      (workers.get(machine.machineId) ?? []).flatMap((worker) =>
        worker.registrations.map((registration) => ({ registration, worker, machine })),
      ),
    );
    return { registrations, requests, count: registrations.length + requests.length };
  }, [machines, workers, requests]);
}
