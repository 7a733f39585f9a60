import { CircleHelp, ShieldQuestion } from "lucide-react";
import type { ReactNode } from "react";
import type { AgentRequest } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { PermissionAnswer } from "./permission-answer";
import { QuestionAnswer } from "./question-answer";

/** What an agent asks, and the answer to give; the same card in the session and in the inbox. */
export function RequestCard({ request, context }: { request: AgentRequest; context?: ReactNode }) {
  const Icon = request.kind === "permission" ? ShieldQuestion : CircleHelp;
  const kind = t.request[request.kind];
  return (
    <section
      aria-label={`${kind}: ${request.title}`}
      className="overflow-hidden rounded-lg border border-line bg-raised shadow-low"
    >
      <header className="flex items-start gap-2.5 px-4 pt-3">
        <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-wait-ink" />
        <div className="min-w-0 flex-1">
          <h3 className="font-medium break-words">{request.title}</h3>
          {context}
        </div>
      </header>
      {request.details !== "" && (
        <pre className="mx-4 mt-2.5 max-h-60 overflow-auto rounded-md bg-panel px-3 py-2 font-mono text-xs break-words whitespace-pre-wrap">
          {request.details}
        </pre>
      )}
      <div className="px-4 pt-3 pb-3.5">
        {request.status === "pending" ? (
          request.kind === "permission" ? (
            <PermissionAnswer request={request} />
          ) : (
            <QuestionAnswer request={request} />
          )
        ) : (
          <Outcome request={request} />
        )}
      </div>
    </section>
  );
}

/** The outcome in the words of the request's own options. */
function said({ options, outcome }: AgentRequest): string {
  if (outcome == null) return "";
  const chosen = options.find((option) => option.optionId === outcome.optionId)?.label;
  const answers = outcome.answers?.flat() ?? [];
  return [chosen, ...answers, outcome.message].filter(Boolean).join(", ");
}

function Outcome({ request }: { request: AgentRequest }) {
  if (request.status === "gone") return <p className="text-ink-3">{t.request.lost}</p>;
  return (
    <p className="text-ink-2">
      {t.request.answered(said(request))}
      {request.answeredBy != null && (
        <span className="text-ink-3"> {t.request.answeredBy(request.answeredBy)}</span>
      )}
    </p>
  );
}
