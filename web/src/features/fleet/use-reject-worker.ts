import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { Registration, Worker } from "@/shared/api/types";
import { toastError } from "@/shared/ui/toast-error";

/**
 * Turns a registration away. A mismatch (another key for an approved worker) is only dismissed; the
 * only key that asked for a worker takes the never-approved worker with it.
 * `onDone` is the hook's, not the call's: it must also run when the card is gone by then.
 */
export function useRejectWorker(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ workerId, machineId, fingerprint, mismatch }: Registration) => {
      const path = { workerId };
      const workers = client.getQueryData<readonly Worker[]>(["workers", machineId]);
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
    },
    onSuccess: (_, { machineId }) => {
      onDone();
      return client.invalidateQueries({ queryKey: ["workers", machineId] });
    },
    onError: toastError,
  });
}
