import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { toastError } from "@/shared/ui/toast-error";

export function useUpdateWorker(workerId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      must(
        api.PATCH("/api/v1/workers/{workerId}", { params: { path: { workerId } }, body: { name } }),
      ),
    onSuccess: (data) => applyUserEvent(client, { event: "worker", data }),
    onError: toastError,
  });
}
