import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => must(api.GET("/api/v1/auth/me")),
  staleTime: Infinity,
  retry: false,
});

export function useMe() {
  return useSuspenseQuery(meQuery).data;
}
