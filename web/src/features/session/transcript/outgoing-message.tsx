import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Spinner } from "@/shared/ui/spinner";
import { MessageFiles } from "../attachments/message-files";
import { dropOutgoing, type Outgoing } from "../composer/outbox";
import { useSendMessage } from "../composer/use-send-message";

interface OutgoingMessageProps {
  item: Outgoing;
  onEdit: (item: Outgoing) => void;
}

/** A message that the server has not confirmed: on its way, waiting for the connection, or stuck with its text safe. */
export function OutgoingMessage({ item, onEdit }: OutgoingMessageProps) {
  const send = useSendMessage();
  return (
    <article aria-label={t.session.you} className="flex flex-col items-end pt-6">
      <MessageFiles files={item.files} />
      {item.content !== "" && (
        <div className="max-w-[88%] rounded-xl rounded-br-sm bg-press px-3.5 py-2 text-base break-words whitespace-pre-wrap opacity-80">
          {item.content}
        </div>
      )}
      {item.state === "sending" ? (
        <p className="mt-1 flex h-6 items-center gap-1.5 pr-1 text-xs text-ink-3">
          <Spinner /> {t.composer.sending}
        </p>
      ) : (
        <div
          role={item.state === "waiting" ? "status" : "alert"}
          className="mt-1.5 flex flex-wrap items-center justify-end gap-1.5 text-xs"
        >
          {item.state === "waiting" ? (
            <span className="text-ink-3">{t.composer.waits}</span>
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
      )}
    </article>
  );
}
