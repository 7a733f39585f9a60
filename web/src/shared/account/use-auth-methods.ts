import { useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";

export function useAuthMethods() {
  return useQuery({
    queryKey: ["auth-methods"],
    queryFn: () => must(api.GET("/api/v1/auth/methods")),
  });
}
