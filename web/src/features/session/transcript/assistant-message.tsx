import { memo } from "react";
import { t } from "@/shared/i18n/strings";
import { ReplyParts } from "../reply/reply-parts";
import { useSessionView } from "../stream/use-session-stream";
import { ReplyFooter } from "./reply-footer";
import { ReplyPhase } from "./reply-phase";

export const AssistantMessage = memo(function AssistantMessage({
  messageId,
}: {
  messageId: string;
}) {
  const entry = useSessionView((view) => view.transcript.entries[messageId]);
  if (entry === undefined) return null;
  const { message, parts } = entry;
  const streaming = !message.completed;
  return (
    <article aria-label={t.session.agent} aria-busy={streaming} className="group pt-2 text-base">
      <div className="flex flex-col gap-2">
        <ReplyParts parts={parts} streaming={streaming} />
      </div>
      {streaming ? <ReplyPhase parts={parts} /> : <ReplyFooter entry={entry} />}
    </article>
  );
});
