import { useId } from "react";
import type { Schemas } from "@/shared/api/client";
import type { AgentRequest } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Input } from "@/shared/ui/input";
import { Tick } from "@/shared/ui/tick";
import { useDraft } from "../composer/use-draft";
import { answerDraft, useAnswerRequest } from "./use-answer-request";

type Question = Schemas["Question"];
type Choice = { labels: readonly string[]; other: string };

const NONE: Choice = { labels: [], other: "" };

export function QuestionAnswer({ request }: { request: AgentRequest }) {
  const answer = useAnswerRequest(request);
  const questions = request.questions ?? [];
  const [draft, setDraft] = useDraft(answerDraft(request));
  const kept = JSON.parse(draft || "[]") as readonly Choice[];
  const choices = questions.map((_, i) => kept[i] ?? NONE);
  const answers = choices.map(({ labels, other }) => [
    ...labels,
    ...(other.trim() === "" ? [] : [other.trim()]),
  ]);
  const complete = answers.every((labels) => labels.length > 0);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        answer.mutate({ answers });
      }}
    >
      {questions.map((question, i) => (
        <QuestionField
          // The same question may be asked twice; they never change their places.
          key={i}
          question={question}
          choice={choices[i] ?? NONE}
          onChange={(choice) => setDraft(JSON.stringify(choices.with(i, choice)))}
        />
      ))}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="solid" disabled={!complete} busy={answer.isPending}>
          {t.request.answer}
        </Button>
        <Button disabled={answer.isPending} onClick={() => answer.mutate({ answers: [] })}>
          {t.request.decline}
        </Button>
      </div>
    </form>
  );
}

interface QuestionFieldProps {
  question: Question;
  choice: Choice;
  onChange: (choice: Choice) => void;
}

function QuestionField({ question, choice, onChange }: QuestionFieldProps) {
  const many = question.multiple;
  const name = useId();
  const pick = (label: string, on: boolean) =>
    onChange({
      labels: many
        ? on
          ? [...choice.labels, label]
          : choice.labels.filter((l) => l !== label)
        : [label],
      other: many ? choice.other : "",
    });
  return (
    <fieldset>
      <legend className="mb-1.5 text-ink-2">{question.question}</legend>
      <div className="flex flex-col gap-1">
        {question.options.map(({ label, description }) => (
          <label
            key={label}
            className="flex touch cursor-pointer items-start gap-2.5 rounded-md border border-line px-3 py-2 hover:bg-hover has-checked:border-signal has-checked:bg-signal-soft has-focus-visible:outline-2 has-focus-visible:outline-signal"
          >
            <Tick
              type={many ? "checkbox" : "radio"}
              name={name}
              checked={choice.labels.includes(label)}
              onChange={(event) => pick(label, event.target.checked)}
            />
            <span>
              <span className="block">{label}</span>
              {description !== "" && (
                <span className="block text-xs text-ink-2">{description}</span>
              )}
            </span>
          </label>
        ))}
        {question.custom && (
          <Input
            aria-label={question.options.length === 0 ? question.question : t.request.other}
            placeholder={question.options.length === 0 ? t.request.answer : t.request.other}
            value={choice.other}
            onChange={(event) =>
              onChange({ labels: many ? choice.labels : [], other: event.target.value })
            }
            className="h-8"
          />
        )}
      </div>
    </fieldset>
  );
}
