import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { toastError } from "@/shared/ui/toast-error";

/** `onDone` is the hook's, not the call's: it must also run when what started it is gone by then. */
export function useDeleteMachine(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (machineId: string) =>
      must(api.DELETE("/api/v1/machines/{machineId}", { params: { path: { machineId } } })),
    onSuccess: (_, id) => {
      applyUserEvent(client, { event: "removed", data: { entity: "machine", id } });
      onDone();
    },
    onError: toastError,
  });
}
