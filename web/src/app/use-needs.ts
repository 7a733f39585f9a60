import type { AgentRequest, Machine, Registration, Worker } from "@/shared/api/types";
import { useMachines } from "@/shared/fleet/use-machines";
import { useRequests } from "@/shared/fleet/use-requests";
import { useAllWorkers } from "@/shared/fleet/use-workers";

export interface AskingWorker {
  registration: Registration;
  worker: Worker;
  machine: Machine;
}

/** All that waits for the user's decision, over all machines. */
export function useNeeds(): {
  registrations: readonly AskingWorker[];
  requests: readonly AgentRequest[];
  count: number;
} {
  const machines = useMachines().data ?? [];
  const workers = useAllWorkers(machines);
  const requests = useRequests().data ?? [];
  const registrations = machines.flatMap((machine) =>
    (workers.get(machine.machineId) ?? []).flatMap((worker) =>
      worker.registrations.map((registration) => ({ registration, worker, machine })),
    ),
  );
  return { registrations, requests, count: registrations.length + requests.length };
}
