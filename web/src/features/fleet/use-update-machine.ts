import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must, type Schemas } from "@/shared/api/client";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { toastError } from "@/shared/ui/toast-error";

export function useUpdateMachine(machineId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["UpdateMachine"]) =>
      must(api.PATCH("/api/v1/machines/{machineId}", { params: { path: { machineId } }, body })),
    onSuccess: (data) => applyUserEvent(client, { event: "machine", data }),
    onError: toastError,
  });
}
