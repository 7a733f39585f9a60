import { CircleHelp, ShieldQuestion } from "lucide-react";
import { useEffect, type ReactNode } from "react";
import { useMe } from "@/shared/account/use-me";
import type { AgentRequest } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { useKeptFocus } from "@/shared/ui/use-kept-focus";
import { PermissionAnswer } from "./permission-answer";
import { saveDraft } from "../composer/use-draft";
import { QuestionAnswer } from "./question-answer";
import { answerDraft } from "./use-answer-request";
import { RequestDetails } from "./request-details";
import { visibleText } from "./visible-text";

/** What an agent asks, and the answer to give; the same card in the session and in the inbox. */
export function RequestCard({ request, context }: { request: AgentRequest; context?: ReactNode }) {
  const Icon = request.kind === "permission" ? ShieldQuestion : CircleHelp;
  const kind = t.request[request.kind];
  const title = visibleText(request.title);
  const kept = useKeptFocus();
  return (
    <section
      {...kept}
      data-need
      tabIndex={-1}
      aria-label={`${kind}: ${title}`}
      className="overflow-hidden rounded-lg border border-line bg-raised shadow-low"
    >
      <header className="flex items-start gap-2.5 px-4 pt-3">
        <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-wait-ink" />
        <div className="min-w-0 flex-1">
          <h3 className="line-clamp-4 font-medium [overflow-wrap:anywhere]">{title}</h3>
          {context}
        </div>
      </header>
      {request.details !== "" && <RequestDetails details={request.details} />}
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
  const me = useMe();
  // Answered elsewhere, or gone: what was being written here is of no use any more.
  useEffect(() => saveDraft(answerDraft(request), ""), [request]);
  if (request.status === "gone") return <p className="text-ink-3">{t.request.lost}</p>;
  const isMine = request.answeredBy === me.userId;
  if (request.kind === "question" && request.outcome?.answers === undefined)
    return <p className="text-ink-2">{isMine ? t.request.declinedByYou : t.request.declined}</p>;
  // The stream knows other people by their ids alone, and an id tells nobody anything.
  const words = isMine ? t.request.answeredByYou : t.request.answered;
  return <p className="[overflow-wrap:anywhere] text-ink-2">{words(said(request))}</p>;
}
