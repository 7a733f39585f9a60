import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { LiveClient } from "@/shared/live/live-client";
import { useLive } from "@/shared/live/live-context";
import { fetchList } from "./fetch-list";
import { foldSessions } from "./fold";

export const sessionsQuery = (live: LiveClient) =>
  queryOptions({
    queryKey: ["sessions"],
    queryFn: () =>
      fetchList(
        live,
        (query) => must(api.GET("/api/v1/sessions", { params: { query } })),
        foldSessions,
      ),
  });

export function useSessions() {
  return useQuery(sessionsQuery(useLive()));
}
