import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must, type Schemas } from "@/shared/api/client";
import type { ChatSession } from "@/shared/api/types";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { toastError } from "@/shared/ui/toast-error";
import { saveDraft } from "../composer/use-draft";

function useApplySession() {
  const client = useQueryClient();
  return (data: ChatSession) => applyUserEvent(client, { event: "session", data });
}

export function useUpdateSession(id: string) {
  const apply = useApplySession();
  return useMutation({
    mutationFn: (body: Schemas["UpdateSession"]) =>
      must(api.PATCH("/api/v1/sessions/{id}", { params: { path: { id } }, body })),
    onSuccess: apply,
    onError: toastError,
  });
}

export function useRestoreSession(id: string) {
  const apply = useApplySession();
  return useMutation({
    mutationFn: () => must(api.POST("/api/v1/sessions/{id}/restore", { params: { path: { id } } })),
    onSuccess: apply,
    onError: toastError,
  });
}

export function useEndSession(id: string) {
  const apply = useApplySession();
  return useMutation({
    mutationFn: () => must(api.POST("/api/v1/sessions/{id}/end", { params: { path: { id } } })),
    onSuccess: apply,
    onError: toastError,
  });
}

/** `onDone` is the hook's, not the call's: it must also run when what started it is gone by then. */
export function useDeleteSession(id: string, onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => must(api.DELETE("/api/v1/sessions/{id}", { params: { path: { id } } })),
    onSuccess: () => {
      applyUserEvent(client, { event: "removed", data: { entity: "session", id } });
      onDone();
    },
    onError: toastError,
  });
}

/** A new session with everything up to a message of this one; a draft waits in its composer. */
export function useForkSession(id: string, onDone: (fork: ChatSession) => void) {
  const apply = useApplySession();
  return useMutation({
    mutationFn: ({ messageId }: { messageId: string; draft?: string }) =>
      must(
        api.POST("/api/v1/sessions/{id}/fork", { params: { path: { id } }, body: { messageId } }),
      ),
    onSuccess: (fork, { draft }) => {
      if (draft !== undefined) saveDraft(fork.chatSessionId, draft);
      apply(fork);
      onDone(fork);
    },
    onError: toastError,
  });
}

interface NewSession {
  model: string;
  mode: string | null;
  /** Below the worker's, which an empty one is. */
  directory: string;
}

export function useStartSession(workerId: string) {
  const apply = useApplySession();
  return useMutation({
    mutationFn: ({ model, mode, directory }: NewSession) =>
      must(
        api.POST("/api/v1/workers/{workerId}/sessions", {
          params: { path: { workerId } },
          body: {
            model,
            ...(mode !== null && { mode }),
            ...(directory !== "" && { directory }),
          },
        }),
      ),
    onSuccess: apply,
    onError: toastError,
  });
}
