import { useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";

export function useWorkerPermissions(workerId: string) {
  return useQuery({
    queryKey: ["permissions", workerId],
    queryFn: () =>
      must(api.GET("/api/v1/workers/{workerId}/permissions", { params: { path: { workerId } } })),
    retry: false,
  });
}
