import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { LiveClient } from "@/shared/live/live-client";
import { useLive } from "@/shared/live/live-context";
import { fetchList } from "./fetch-list";
import { foldRequests } from "./fold";

export const requestsQuery = (live: LiveClient) =>
  queryOptions({
    queryKey: ["requests"],
    queryFn: () =>
      fetchList(
        live,
        (query) => must(api.GET("/api/v1/requests", { params: { query } })),
        foldRequests,
      ),
  });

export function useRequests() {
  return useQuery(requestsQuery(useLive()));
}
