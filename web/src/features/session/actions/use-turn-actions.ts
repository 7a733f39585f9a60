import { useMutation } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { toastError } from "@/shared/ui/toast-error";

const onError = toastError;

/** Stops exactly the turn of this message; a late stop never hits the next one. */
export function useStopTurn(id: string) {
  return useMutation({
    mutationFn: (messageId: string) =>
      must(
        api.POST("/api/v1/sessions/{id}/cancel", { params: { path: { id } }, body: { messageId } }),
      ),
    onError,
  });
}

export function useRetryTurn(id: string) {
  return useMutation({
    mutationFn: (messageId: string) =>
      must(
        api.POST("/api/v1/sessions/{id}/messages/{messageId}/retry", {
          params: { path: { id, messageId } },
        }),
      ),
    onError,
  });
}

export function useContinueQueue(id: string) {
  return useMutation({
    mutationFn: () =>
      must(api.POST("/api/v1/sessions/{id}/continue", { params: { path: { id } } })),
    onError,
  });
}
