import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { toast } from "@/shared/ui/toast";
import { ApiError } from "@/shared/api/api-error";
import { api, must, type Schemas } from "@/shared/api/client";
import type { AgentRequest } from "@/shared/api/types";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { t } from "@/shared/i18n/strings";
import { toastError } from "@/shared/ui/toast-error";
import { saveDraft } from "../composer/use-draft";
import { useFollowEnd } from "../transcript/follow-context";

/** A half-written answer is kept: scrolling takes away what it is written in. */
export const answerDraft = ({ requestId }: AgentRequest) => `answer:${requestId}`;

/** An answer names the request that it answers, and is refused once that one is gone. */
export async function answerRequest(
  client: QueryClient,
  request: AgentRequest,
  body: Schemas["AnswerRequest"],
): Promise<void> {
  try {
    const path = { id: request.chatSessionId, requestId: request.requestId };
    const data = await must(
      api.POST("/api/v1/sessions/{id}/requests/{requestId}", { params: { path }, body }),
    );
    saveDraft(answerDraft(request), "");
    applyUserEvent(client, { event: "request", data });
  } catch (error) {
    void client.invalidateQueries({ queryKey: ["requests"] });
    throw error;
  }
}

export function useAnswerRequest(request: AgentRequest) {
  const client = useQueryClient();
  const followEnd = useFollowEnd();
  return useMutation({
    onMutate: followEnd,
    mutationFn: (body: Schemas["AnswerRequest"]) => answerRequest(client, request, body),
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409) toast(t.request.gone);
      else toastError(error);
    },
  });
}
