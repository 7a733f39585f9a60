import { useState } from "react";
import type { AgentRequest } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Input } from "@/shared/ui/input";
import { useDraft } from "../composer/use-draft";
import { answerDraft, useAnswerRequest } from "./use-answer-request";

const isReject = (kind: string) => kind.startsWith("reject");

export function PermissionAnswer({ request }: { request: AgentRequest }) {
  const answer = useAnswerRequest(request);
  const [why, setWhy] = useDraft(answerDraft(request));
  /** Whether the words were asked for; null: not yet. They may also be here from before. */
  const [asked, setAsked] = useState<boolean | null>(null);
  const rejection = request.options.find((option) => isReject(option.kind));
  if ((asked === true || why !== "") && rejection !== undefined)
    return (
      <form
        className="flex flex-wrap gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          answer.mutate({ optionId: rejection.optionId, message: why.trim() });
        }}
      >
        <Input
          // The field appears because the user just asked for it.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus={asked === true}
          aria-label={t.request.why}
          placeholder={t.request.why}
          value={why}
          onChange={(event) => {
            setAsked(true);
            setWhy(event.target.value);
          }}
          className="h-8 min-w-48 flex-1"
        />
        <Button
          onClick={() => {
            setAsked(false);
            setWhy("");
          }}
        >
          {t.common.cancel}
        </Button>
        <Button type="submit" look="solid" disabled={why.trim() === ""} busy={answer.isPending}>
          {t.request.send}
        </Button>
      </form>
    );
  return (
    <div className="@container">
      <div className="flex flex-wrap gap-2">
        {request.options.map((option, i) => (
          <Button
            key={option.optionId}
            look={i === 0 ? "solid" : "outline"}
            disabled={answer.isPending}
            onClick={() => answer.mutate({ optionId: option.optionId })}
          >
            {option.label}
          </Button>
        ))}
        {rejection !== undefined && (
          <Button
            look="ghost"
            // Back from the field, the keyboard goes on here.
            // eslint-disable-next-line jsx-a11y/no-autofocus
            autoFocus={asked === false}
            // On a row of its own its words begin where the buttons do.
            className="@max-lg:-mr-3 @max-lg:-ml-3 @max-lg:basis-full @max-lg:justify-start"
            disabled={answer.isPending}
            onClick={() => setAsked(true)}
          >
            {t.request.rejectWith}
          </Button>
        )}
      </div>
    </div>
  );
}
