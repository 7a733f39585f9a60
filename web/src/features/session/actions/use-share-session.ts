import { useMutation } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { toastError } from "@/shared/ui/toast-error";

/** Makes a link that lasts until then (milliseconds); the one before ends. The stream tells the session itself. */
export function useShareSession(id: string) {
  return useMutation({
    mutationFn: (expiresAt: number) =>
      must(
        api.POST("/api/v1/sessions/{id}/share", { params: { path: { id } }, body: { expiresAt } }),
      ),
    onError: toastError,
  });
}

export function useUnshareSession(id: string, onDone: () => void) {
  return useMutation({
    mutationFn: () => must(api.DELETE("/api/v1/sessions/{id}/share", { params: { path: { id } } })),
    onSuccess: onDone,
    onError: toastError,
  });
}
