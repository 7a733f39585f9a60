import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { toastError } from "@/shared/ui/toast-error";

/** `onDone` is the hook's, not the call's: it must also run when what started it is gone by then. */
export function useRemoveWorker(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (workerId: string) =>
      must(api.DELETE("/api/v1/workers/{workerId}", { params: { path: { workerId } } })),
    onSuccess: (_, id) => {
      applyUserEvent(client, { event: "removed", data: { entity: "worker", id } });
      onDone();
    },
    onError: toastError,
  });
}
