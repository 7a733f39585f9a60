import { ArrowUp, Clock, CornerRightUp, Paperclip, Pencil, X } from "lucide-react";
import { t } from "@/shared/i18n/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { useMoveMessage, useSendNow, useWithdrawMessage } from "../actions/use-waiting-actions";
import { useSessionView } from "../stream/use-session-stream";

interface WaitingItemProps {
  sessionId: string;
  messageId: string;
  running: boolean;
  onEdit: () => void;
  /** It was edited just now: the keyboard goes on where that began. */
  wasEdited: boolean;
  /** Where it goes when it is moved up; null where nothing else waits. */
  above: { first: boolean; after: string | null } | null;
}

export function WaitingItem(props: WaitingItemProps) {
  const { sessionId, messageId, running, above } = props;
  const message = useSessionView((v) => v.transcript.entries[messageId]?.message);
  const move = useMoveMessage(sessionId);
  const withdraw = useWithdrawMessage(sessionId);
  const sendNow = useSendNow(sessionId);
  if (message === undefined) return null;
  const { content, attachments: files } = message;
  return (
    <li className="flex items-center gap-1 rounded-md pl-2 hover:bg-hover">
      <Clock aria-label={t.turn.queued} className="size-3.5 shrink-0 text-ink-3" />
      <span className="min-w-0 flex-1 truncate pl-1 text-ink-2">
        {content.trim() === "" ? files.map((file) => file.name).join(", ") : content}
      </span>
      {files.length > 0 && (
        <span className="flex items-center gap-0.5 px-1 text-xs text-ink-3">
          <Paperclip aria-hidden className="size-3.5" />
          <span aria-hidden>{files.length}</span>
          <span className="sr-only">{t.attach.count(files.length)}</span>
        </span>
      )}
      {running && (
        <IconButton
          size="icon-sm"
          label={`${t.queue.sendNow}. ${t.queue.sendNowHint}`}
          disabled={sendNow.isPending}
          onClick={() => sendNow.mutate(messageId)}
        >
          <CornerRightUp />
        </IconButton>
      )}
      {above !== null && (
        <IconButton
          size="icon-sm"
          label={t.queue.moveUp}
          // Not `disabled`: whoever has moved it, even to the front, keeps the focus.
          aria-disabled={above.first || move.isPending}
          className="aria-disabled:opacity-40"
          onClick={() => {
            if (!above.first && !move.isPending) move.mutate({ messageId, after: above.after });
          }}
        >
          <ArrowUp />
        </IconButton>
      )}
      <IconButton
        size="icon-sm"
        label={t.queue.edit}
        // eslint-disable-next-line jsx-a11y/no-autofocus
        autoFocus={props.wasEdited}
        onClick={props.onEdit}
      >
        <Pencil />
      </IconButton>
      <IconButton
        size="icon-sm"
        label={t.queue.withdraw}
        disabled={withdraw.isPending}
        onClick={() => withdraw.mutate(messageId)}
      >
        <X />
      </IconButton>
    </li>
  );
}
