import { useMutation } from "@tanstack/react-query";
import { api, must, type Schemas } from "@/shared/api/client";
import { toastError } from "@/shared/ui/toast-error";
import { useSessionStream } from "../stream/use-session-stream";

/** What can be done with a message as long as it waits. */
export function useEditMessage(id: string) {
  const stream = useSessionStream();
  return useMutation({
    mutationFn: ({ messageId, ...body }: { messageId: string } & Schemas["EditMessage"]) =>
      must(
        api.PATCH("/api/v1/sessions/{id}/messages/{messageId}", {
          params: { path: { id, messageId } },
          body,
        }),
      ),
    onSuccess: (data) => stream.apply({ event: "message", data }),
    onError: toastError,
  });
}

/** The new order comes with the stream: the answer has only what was moved, not what it went past. */
export function useMoveMessage(id: string) {
  return useMutation({
    mutationFn: ({ messageId, after }: { messageId: string; after: string | null }) =>
      must(
        api.PATCH("/api/v1/sessions/{id}/messages/{messageId}", {
          params: { path: { id, messageId } },
          body: { after },
        }),
      ),
    onError: toastError,
  });
}

export function useWithdrawMessage(id: string) {
  const stream = useSessionStream();
  return useMutation({
    mutationFn: (messageId: string) =>
      must(
        api.DELETE("/api/v1/sessions/{id}/messages/{messageId}", {
          params: { path: { id, messageId } },
        }),
      ),
    onSuccess: (_, messageId) =>
      stream.apply({ event: "removed", data: { entity: "message", id: messageId } }),
    onError: toastError,
  });
}

export function useSendNow(id: string) {
  return useMutation({
    mutationFn: (messageId: string) =>
      must(
        api.POST("/api/v1/sessions/{id}/messages/{messageId}/send-now", {
          params: { path: { id, messageId } },
        }),
      ),
    onError: toastError,
  });
}
