import { useQueryClient } from "@tanstack/react-query";
import type { AgentRequest } from "@/shared/api/types";
import { BatchActions } from "@/shared/batch/batch-actions";
import { t } from "@/shared/i18n/strings";
import { answerRequest } from "./use-answer-request";
import { visibleText } from "./visible-text";

/** The answer to several permissions at once that agents ask for. Questions have no common answer. */
export function RequestBatch({ requests }: { requests: readonly AgentRequest[] }) {
  const client = useQueryClient();
  const permissions = requests.filter(({ kind }) => kind === "permission");
  const tasks = (kind: "allow_once" | "reject_once") =>
    permissions.flatMap((request) => {
      const option = request.options.find((one) => one.kind === kind);
      if (option === undefined) return [];
      const run = () => answerRequest(client, request, { optionId: option.optionId });
      return [{ key: request.requestId, name: visibleText(request.title), run }];
    });
  const rejections = tasks("reject_once");
  return (
    <BatchActions
      label={t.needs.permissionsAsked(permissions.length)}
      actions={[
        {
          label: t.needs.rejectAll,
          tasks: rejections,
          confirm: {
            title: t.needs.rejectRequestsTitle(rejections.length),
            text: t.needs.rejectRequestsText,
          },
        },
        { label: t.needs.allowAllOnce, solid: true, tasks: tasks("allow_once") },
      ]}
    />
  );
}
