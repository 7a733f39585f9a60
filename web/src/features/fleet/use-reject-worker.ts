import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { Registration, Worker } from "@/shared/api/types";
import { toastError } from "@/shared/ui/toast-error";

/**
 * Turns a registration away. A mismatch (another key for an approved worker) is only dismissed; the
 * only key that asked for a worker takes the never-approved worker with it.
 */
export async function rejectWorker(
  client: QueryClient,
  { workerId, machineId, fingerprint, mismatch }: Registration,
): Promise<void> {
  const path = { workerId };
  const queryKey = ["workers", machineId];
  const workers = client.getQueryData<readonly Worker[]>(queryKey);
  const asking = workers?.find((worker) => worker.workerId === workerId)?.registrations ?? [];
  if (mismatch)
    await must(
      api.DELETE("/api/v1/workers/{workerId}/registrations/{fingerprint}", {
        params: { path: { ...path, fingerprint } },
      }),
    );
  else
    await must(
      api.POST("/api/v1/workers/{workerId}/reject", {
        params: { path },
        body: asking.length > 1 ? { fingerprint } : {},
      }),
    );
  await client.invalidateQueries({ queryKey });
}

/** `onDone` is the hook's, not the call's: it must also run when the card is gone by then. */
export function useRejectWorker(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (registration: Registration) => rejectWorker(client, registration),
    onSuccess: onDone,
    onError: toastError,
  });
}
