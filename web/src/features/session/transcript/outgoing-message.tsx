import { t } from "@/shared/i18n/strings";
import { useLinkStatus } from "@/shared/live/live-context";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/cn";
import { Spinner } from "@/shared/ui/spinner";
import { MessageFiles } from "../attachments/message-files";
import { dropOutgoing, type Outgoing } from "../composer/outbox";
import { useSendMessage } from "../composer/use-send-message";
import { Receipt } from "./receipt";

interface OutgoingMessageProps {
  item: Outgoing;
  onEdit: (item: Outgoing) => void;
}

/** A message that the session does not show yet: on its way or just sent, waiting for the connection, or stuck with its text safe. */
export function OutgoingMessage({ item, onEdit }: OutgoingMessageProps) {
  return (
    <article aria-label={t.session.you} className="flex flex-col items-end pt-6">
      <MessageFiles files={item.files} />
      {item.content !== "" && (
        <div
          className={cn(
            "max-w-[88%] overflow-y-clip rounded-xl rounded-br-sm bg-press px-3.5 py-2 text-base break-words whitespace-pre-wrap [unicode-bidi:plaintext]",
            item.state !== "sent" && "opacity-80",
          )}
        >
          {item.content}
        </div>
      )}
      <HowFar item={item} onEdit={onEdit} />
    </article>
  );
}

function HowFar({ item, onEdit }: OutgoingMessageProps) {
  const send = useSendMessage();
  const { phase } = useLinkStatus();
  if (item.state === "sent" || item.state === "sending")
    return (
      <div className="mt-1 flex h-6 items-center gap-1.5 pr-1 text-xs text-ink-3">
        {item.state === "sent" ? (
          <Receipt status="queued" />
        ) : (
          <>
            <Spinner /> {t.composer.sending}
          </>
        )}
      </div>
    );
  return (
    <div
      role={item.state === "waiting" ? "status" : "alert"}
      className="mt-1.5 flex flex-wrap items-center justify-end gap-1.5 text-xs"
    >
      {item.state === "waiting" ? (
        <span className="text-ink-3">
          {phase === "live" ? t.composer.triesAgain : t.composer.waits}
        </span>
      ) : (
        <span className="text-bad-ink">
          {t.composer.notSent}
          {item.error !== null && `: ${item.error}`}
        </span>
      )}
      <Button size="sm" onClick={() => void send(item, item.messageId)}>
        {t.composer.resend}
      </Button>
      <Button
        size="sm"
        look="ghost"
        onClick={() => {
          onEdit(item);
          dropOutgoing(item.messageId);
        }}
      >
        {t.composer.toComposer}
      </Button>
    </div>
  );
}
