import { Clock, CornerRightUp, Paperclip, Pencil, X } from "lucide-react";
import { useState } from "react";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { IconButton } from "@/shared/ui/icon-button";
import { fieldLook } from "@/shared/ui/input";
import { useEditMessage, useSendNow, useWithdrawMessage } from "../actions/use-waiting-actions";
import { useSessionView } from "../stream/use-session-stream";

interface WaitingItemProps {
  sessionId: string;
  messageId: string;
  running: boolean;
}

export function WaitingItem({ sessionId, messageId, running }: WaitingItemProps) {
  const content = useSessionView((v) => v.transcript.entries[messageId]?.message.content ?? "");
  const files = useSessionView((v) => v.transcript.entries[messageId]?.message.attachments);
  const edit = useEditMessage(sessionId);
  const withdraw = useWithdrawMessage(sessionId);
  const sendNow = useSendNow(sessionId);
  const [draft, setDraft] = useState<string | null>(null);
  if (draft !== null)
    return (
      <li className="p-1">
        <textarea
          // The field appears because the user just asked for it.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          aria-label={t.queue.edit}
          rows={3}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          className={`${fieldLook} py-1.5`}
        />
        <div className="mt-1 flex justify-end gap-1.5">
          <Button size="sm" onClick={() => setDraft(null)}>
            {t.common.cancel}
          </Button>
          <Button
            size="sm"
            look="solid"
            disabled={draft.trim() === "" && !files?.length}
            busy={edit.isPending}
            onClick={() =>
              edit.mutate({ messageId, content: draft }, { onSuccess: () => setDraft(null) })
            }
          >
            {t.queue.saveEdit}
          </Button>
        </div>
      </li>
    );
  return (
    <li className="flex items-center gap-1 rounded-md pl-2 hover:bg-hover">
      <Clock aria-label={t.turn.queued} className="size-3.5 shrink-0 text-ink-3" />
      <span className="min-w-0 flex-1 truncate pl-1 text-ink-2">
        {content.trim() === "" ? files?.map((file) => file.name).join(", ") : content}
      </span>
      {files !== undefined && files.length > 0 && (
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
      <IconButton size="icon-sm" label={t.queue.edit} onClick={() => setDraft(content)}>
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
