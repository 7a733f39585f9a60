import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { LiveClient } from "@/shared/live/live-client";
import { useLive } from "@/shared/live/live-context";
import { fetchList } from "./fetch-list";
import { foldMachines } from "./fold";

export const machinesQuery = (live: LiveClient) =>
  queryOptions({
    queryKey: ["machines"],
    queryFn: () =>
      fetchList(
        live,
        (query) => must(api.GET("/api/v1/machines", { params: { query } })),
        foldMachines,
      ),
  });

export function useMachines() {
  return useQuery(machinesQuery(useLive()));
}
