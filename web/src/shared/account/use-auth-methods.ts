import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";

export const authMethodsQuery = queryOptions({
  queryKey: ["auth-methods"],
  queryFn: () => must(api.GET("/api/v1/auth/methods")),
});

export function useAuthMethods() {
  return useQuery(authMethodsQuery);
}
