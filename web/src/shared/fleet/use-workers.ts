import { queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { Machine, Worker } from "@/shared/api/types";
import type { LiveClient } from "@/shared/live/live-client";
import { useLive } from "@/shared/live/live-context";
import { fetchList } from "./fetch-list";
import { foldWorkers } from "./fold";

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
  });

export function useWorkers(machineId: string) {
  return useQuery(workersQuery(useLive(), machineId));
}

/** The workers of all machines, by machine; a machine that still loads is missing. */
export function useAllWorkers(
  machines: readonly Machine[],
): ReadonlyMap<string, readonly Worker[]> {
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
      return found;
    },
  });
}
