import { CircleAlert } from "lucide-react";
import type { PartOf } from "@/shared/api/types";
import { took } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Spinner } from "@/shared/ui/spinner";
import { Fold } from "./fold";
import { LongText } from "./long-text";
import { plainText } from "./plain-text";
import { useShortPath } from "./short-path";
import { ToolIcon } from "./tool-icon";

/** One line: what it does, whether it runs, how long it took. Open: what went in and what came out. */
export function ToolPart({ part, ended }: { part: PartOf<"tool">; ended: boolean }) {
  const open = part.state === "running" || part.state === "pending";
  const running = open && !ended;
  // Nothing tells the end of a tool whose turn was cut off.
  const state = open && ended ? "stopped" : part.state;
  const input = inputText(part.input);
  const output = plainText(part.output);
  const title = useShortPath(plainText(part.title));
  return (
    <Fold
      icon={<ToolIcon name={part.name} />}
      summary={
        <>
          <span className="shrink-0 font-medium text-ink">{part.name}</span>
          {title !== part.name && <span className="truncate font-mono text-xs">{title}</span>}
          <span className="flex shrink-0 items-center gap-1 text-xs text-ink-3">
            {running && <Spinner />}
            {part.state === "error" && (
              <CircleAlert aria-hidden className="size-3.5 text-bad-ink" />
            )}
            {part.state === "completed" && part.endedAt != null ? (
              took(part.endedAt - part.startedAt)
            ) : (
              <span className={part.state === "error" ? "text-bad-ink" : undefined}>
                {t.reply.tool[state]}
              </span>
            )}
          </span>
        </>
      }
    >
      <div className="flex flex-col gap-2">
        {input !== "" && <LongText label={t.reply.input} text={input} />}
        {output !== "" ? (
          <LongText label={t.reply.output} text={output} />
        ) : (
          !running && <p className="text-xs text-ink-3">{t.reply.noOutput}</p>
        )}
        {part.truncated && <p className="text-xs text-ink-3">{t.reply.truncated}</p>}
      </div>
    </Fold>
  );
}

/** A command is read as a command; anything else as the JSON that it is, if it is any. */
function inputText(input: string): string {
  try {
    const read: unknown = JSON.parse(input);
    if (typeof read !== "object" || read === null) return plainText(input);
    if ("command" in read && typeof read.command === "string")
      return plainText(`$ ${read.command}`);
    return plainText(JSON.stringify(read, null, 2));
  } catch {
    return plainText(input);
  }
}
