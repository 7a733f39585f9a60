import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";

export function useCreateWorker(machineId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      must(
        api.POST("/api/v1/machines/{machineId}/workers", {
          params: { path: { machineId } },
          body: name === "" ? {} : { name },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["workers", machineId] }),
  });
}
