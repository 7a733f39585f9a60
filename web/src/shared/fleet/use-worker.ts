import type { Machine, Worker } from "@/shared/api/types";
import { useMachines } from "./use-machines";
import { useAllWorkers } from "./use-workers";

/** One worker with its machine, wherever it runs. `undefined` while it loads or if it is gone. */
export function useWorker(
  workerId: string | undefined,
): { worker: Worker; machine: Machine } | undefined {
  const machines = useMachines().data ?? [];
  const workers = useAllWorkers(machines);
  for (const machine of machines) {
    const worker = workers.get(machine.machineId)?.find((w) => w.workerId === workerId);
    if (worker !== undefined) return { worker, machine };
  }
  return undefined;
}
