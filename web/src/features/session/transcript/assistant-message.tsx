import { memo } from "react";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { ReplyParts } from "../reply/reply-parts";
import { useSessionView } from "../stream/use-session-stream";
import { ReplyFooter } from "./reply-footer";

export const AssistantMessage = memo(function AssistantMessage({
  messageId,
}: {
  messageId: string;
}) {
  const entry = useSessionView((view) => view.transcript.entries[messageId]);
  const asks = useSessionView(({ transcript: { entries, requests } }) =>
    entries[messageId]?.parts.some(
      (part) => "requestId" in part && requests[part.requestId]?.status === "pending",
    ),
  );
  if (entry === undefined) return null;
  const { message, parts } = entry;
  const streaming = !message.completed;
  return (
    <article aria-label={t.session.agent} aria-busy={streaming} className="group pt-2 text-base">
      <div className="flex flex-col gap-2">
        <ReplyParts parts={parts} streaming={streaming} />
      </div>
      {streaming ? (
        <p className="mt-2 flex h-6 items-center gap-2 text-xs text-ink-3">
          <span
            className={cn("size-1.5 animate-breathe rounded-full", asks ? "bg-wait" : "bg-live")}
          />
          {asks ? t.turn.waitsForYou : t.turn.working}
        </p>
      ) : (
        <ReplyFooter entry={entry} />
      )}
    </article>
  );
});
