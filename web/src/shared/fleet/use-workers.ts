import { queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { Machine, Worker } from "@/shared/api/types";
import type { LiveClient } from "@/shared/live/live-client";
import { useLive } from "@/shared/live/live-context";
import { fetchList } from "./fetch-list";
import { foldWorkers } from "./fold";
import { stateOf } from "./presence";

/** Nobody tells when the registry sees again; it does after half a minute without a gap. */
const LOOK_AGAIN = 5_000;

export const lookAgain = (workers: readonly Worker[] | undefined): number | false =>
  workers?.some((worker) => stateOf(worker) === "unknown") ? LOOK_AGAIN : false;

export const workersQuery = (live: LiveClient, machineId: string) =>
  queryOptions({
    queryKey: ["workers", machineId],
    queryFn: () =>
      fetchList<Worker>(
        live,
        (query) =>
          must(
            api.GET("/api/v1/machines/{machineId}/workers", {
              params: { path: { machineId }, query },
            }),
          ),
        (list, event) => foldWorkers(machineId, list, event),
      ),
    refetchInterval: ({ state }) => lookAgain(state.data),
  });

export function useWorkers(machineId: string) {
  return useQuery(workersQuery(useLive(), machineId));
}

export interface AllWorkers {
  /** By machine; a machine that still loads is missing. */
  workers: ReadonlyMap<string, readonly Worker[]>;
  /** Why those of some machine could not be loaded. */
  error: unknown;
  retry: () => void;
}

/** The workers of all machines, by machine; a machine whose workers are not loaded is missing. */
export function useAllWorkers(machines: readonly Machine[]): AllWorkers["workers"] {
  return useLoadedWorkers(machines).workers;
}

/** The same, and what went wrong. */
export function useLoadedWorkers(machines: readonly Machine[]): AllWorkers {
  const live = useLive();
  return useQueries({
    queries: machines.map((m) => workersQuery(live, m.machineId)),
    combine: (results) => {
      const found = new Map<string, readonly Worker[]>();
      results.forEach((result, i) => {
        const machine = machines[i];
        if (machine !== undefined && result.data !== undefined)
          found.set(machine.machineId, result.data);
      });
      const failed = results.filter(isMissing);
      return {
        workers: found,
        error: failed[0]?.error ?? null,
        retry: () => failed.forEach((result) => void result.refetch()),
      };
    },
  });
}

/** Whether nothing is there because it could not be loaded. What was loaded before is shown, whatever fails later. */
export function isMissing({ isError, data }: { isError: boolean; data: unknown }): boolean {
  return isError && data === undefined;
}
