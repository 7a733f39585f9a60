import { CircleCheck } from "lucide-react";
import { use, useMemo } from "react";
import { compact } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { CopyButton } from "@/shared/ui/copy-button";
import { Tooltip } from "@/shared/ui/tooltip";
import type { Entry } from "../stream/transcript";
import { ReadOnlyContext } from "../stream/use-session-stream";
import { isVerified } from "../stream/verify";
import { ReplyActions } from "./reply-actions";
import { actionLook } from "./resend-button";
import { Unfinished } from "./unfinished";

/** How a reply ended: whole and proved, or why not and what to do about it. */
export function ReplyFooter({ entry }: { entry: Entry }) {
  const { message, parts } = entry;
  const readOnly = use(ReadOnlyContext);
  const verified = useMemo(() => isVerified(entry), [entry]);
  const usage = parts.findLast((part) => part.kind === "usage");
  const text = parts
    .map((part) => (part.kind === "text" ? part.text : ""))
    .join("\n\n")
    .trim();
  return (
    <footer className="mt-2">
      <Unfinished message={message} />
      <div className="flex min-h-6 flex-wrap items-center gap-x-2 text-xs text-ink-3">
        {verified && (
          <Tooltip text={t.turn.verified}>
            <span role="img" aria-label={t.turn.verified} className="text-live-ink">
              <CircleCheck className="size-3.5" />
            </span>
          </Tooltip>
        )}
        {message.model != null && <span className="max-w-56 truncate">{message.model}</span>}
        {usage !== undefined && (
          <span>{t.reply.tokens(compact(usage.inputTokens), compact(usage.outputTokens))}</span>
        )}
        {text !== "" && <CopyButton text={text} label={t.reply.copyReply} className={actionLook} />}
        {!readOnly && <ReplyActions reply={message} />}
      </div>
    </footer>
  );
}
