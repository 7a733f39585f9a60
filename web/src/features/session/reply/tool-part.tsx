import { CircleAlert } from "lucide-react";
import { useMemo } from "react";
import type { PartOf } from "@/shared/api/types";
import { took } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Spinner } from "@/shared/ui/spinner";
import { Fold } from "./fold";
import { LongText } from "./long-text";
import { plainText } from "./plain-text";
import { PlanEntries } from "./plan-entries";
import { useShortPath } from "./short-path";
import { toolFacts, type ToolFacts } from "./tool-facts";
import { ToolIcon } from "./tool-icon";

type Tool = PartOf<"tool">;

/** One line: what it does, whether it runs, how long it took. Open: what went in and what came out. */
export function ToolPart({ part, ended }: { part: Tool; ended: boolean }) {
  const facts = useMemo(() => toolFacts(part), [part]);
  const open = part.state === "running" || part.state === "pending";
  const subject = useShortPath(facts.subject);
  return (
    <Fold
      icon={<ToolIcon kind={facts.kind} />}
      summary={
        <>
          <span className="shrink-0 font-medium text-ink">{part.name}</span>
          {subject !== part.name && (
            <span title={facts.subject} className="truncate font-mono text-xs">
              {subject}
            </span>
          )}
          {facts.note !== "" && (
            <span className="max-w-40 shrink-0 truncate text-xs text-ink-3">{facts.note}</span>
          )}
          {/* Nothing tells the end of a tool whose turn was cut off. */}
          <ToolState part={part} state={open && ended ? "stopped" : part.state} />
        </>
      }
    >
      <ToolBody part={part} facts={facts} running={open && !ended} />
    </Fold>
  );
}

function ToolState({ part, state }: { part: Tool; state: Tool["state"] | "stopped" }) {
  return (
    <span className="flex shrink-0 items-center gap-1 text-xs text-ink-3">
      {(state === "running" || state === "pending") && <Spinner />}
      {state === "error" && <CircleAlert aria-hidden className="size-3.5 text-bad-ink" />}
      {state === "completed" && part.endedAt != null ? (
        took(part.endedAt - part.startedAt)
      ) : (
        <span className={state === "error" ? "text-bad-ink" : undefined}>
          {t.reply.tool[state]}
        </span>
      )}
    </span>
  );
}

interface ToolBodyProps {
  part: Tool;
  facts: ToolFacts;
  running: boolean;
}

function ToolBody({ part, facts, running }: ToolBodyProps) {
  const { input, link, entries } = facts;
  const output = plainText(part.output);
  if (entries.length > 0 && part.state !== "error") return <PlanEntries entries={entries} />;
  return (
    <div className="flex flex-col gap-2">
      {link !== undefined && (
        <a
          href={link}
          target="_blank"
          rel="noreferrer noopener nofollow"
          className="touch w-fit max-w-full rounded-sm font-mono text-xs break-all text-signal underline underline-offset-2"
        >
          {facts.subject}
        </a>
      )}
      {input !== "" && <LongText label={t.reply.input} text={input} />}
      {output !== "" ? (
        <LongText label={t.reply.output} text={output} />
      ) : (
        !running && <p className="text-xs text-ink-3">{t.reply.noOutput}</p>
      )}
      {part.truncated && <p className="text-xs text-ink-3">{t.reply.truncated}</p>}
    </div>
  );
}
