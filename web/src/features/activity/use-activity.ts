import { useInfiniteQuery } from "@tanstack/react-query";
import { api, must, type Schemas } from "@/shared/api/client";

export type AuditEntry = Schemas["AuditEntry"];
type AuditPage = Schemas["List_AuditEntry"];

/** Which entries: `undefined` does not matter. */
export interface ActivityFilter {
  entity: string | undefined;
  object: string | undefined;
  all: true | undefined;
}

/** What was done lately; the newest page comes anew by itself until more than it is shown. */
export function useActivity(filter: ActivityFilter) {
  return useInfiniteQuery({
    queryKey: ["audit", filter],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam }) => {
      const page = must(api.GET("/api/v1/audit", { params: { query: query(filter, pageParam) } }));
      // Without `format=csv` it is never text.
      return (await page) as AuditPage;
    },
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= 1 ? 5_000 : false),
  });
}

/** Where everything that the filter leaves is, as a file. */
export function exportOf(filter: ActivityFilter): string {
  const parameters = new URLSearchParams({ format: "csv" });
  for (const [name, value] of Object.entries(query(filter, null)))
    parameters.set(name, String(value));
  return `/api/v1/audit?${parameters.toString()}`;
}

function query({ entity, object, all }: ActivityFilter, cursor: string | null) {
  return {
    ...(entity !== undefined && { entity }),
    ...(object !== undefined && { object }),
    ...(all !== undefined && { all }),
    ...(cursor !== null && { cursor }),
  };
}
