import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { Registration } from "@/shared/api/types";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { toastError } from "@/shared/ui/toast-error";

export async function approveWorker(
  client: QueryClient,
  { workerId, fingerprint }: Registration,
): Promise<void> {
  const data = await must(
    api.POST("/api/v1/workers/{workerId}/approve", {
      params: { path: { workerId } },
      body: { fingerprint },
    }),
  );
  applyUserEvent(client, { event: "worker", data });
}

/** `onDone` is the hook's, not the call's: it must also run when what started it is gone by then. */
export function useApproveWorker(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (registration: Registration) => approveWorker(client, registration),
    onSuccess: onDone,
    onError: toastError,
  });
}
