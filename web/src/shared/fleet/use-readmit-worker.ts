import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { toastError } from "@/shared/ui/toast-error";
import { applyUserEvent } from "./use-fleet-sync";

export function useReadmitWorker() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (workerId: string) =>
      must(api.POST("/api/v1/workers/{workerId}/readmit", { params: { path: { workerId } } })),
    onSuccess: (data) => applyUserEvent(client, { event: "worker", data }),
    onError: toastError,
  });
}
