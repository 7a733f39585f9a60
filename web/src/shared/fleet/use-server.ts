import { useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";

export function useServer() {
  return useQuery({
    queryKey: ["server"],
    queryFn: () => must(api.GET("/api/v1/server")),
    staleTime: Infinity,
  });
}
