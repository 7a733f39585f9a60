import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { Registration } from "@/shared/api/types";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { toastError } from "@/shared/ui/toast-error";

/** `onDone` is the hook's, not the call's: it must also run when what started it is gone by then. */
export function useApproveWorker(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ workerId, fingerprint }: Registration) =>
      must(
        api.POST("/api/v1/workers/{workerId}/approve", {
          params: { path: { workerId } },
          body: { fingerprint },
        }),
      ),
    onSuccess: (data) => {
      applyUserEvent(client, { event: "worker", data });
      onDone();
    },
    onError: toastError,
  });
}
