import { useState } from "react";
import type { ChatMessage, Worker } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { fieldLook } from "@/shared/ui/input";
import { useEditMessage } from "../actions/use-waiting-actions";
import { useSendMessage } from "../composer/use-send-message";
import { ModeMenu } from "../composer/mode-menu";
import { ModelMenu } from "../composer/model-menu";

interface WaitingEditProps {
  message: ChatMessage;
  worker: Worker | undefined;
  /** It waits no longer: what was written here can only be sent as another message. */
  late: boolean;
  onDone: () => void;
}

/** What can be changed in a message as long as it waits. */
export function WaitingEdit({ message, worker, late, onDone }: WaitingEditProps) {
  const { messageId, chatSessionId, attachments } = message;
  const edit = useEditMessage(chatSessionId);
  const send = useSendMessage();
  const [content, setContent] = useState(message.content);
  const [model, setModel] = useState(message.model ?? "");
  const [mode, setMode] = useState(message.mode ?? null);
  const save = () => {
    if (late) {
      void send({ sessionId: chatSessionId, content, files: [], model });
      onDone();
      return;
    }
    edit.mutate(
      {
        messageId,
        content,
        ...(model !== "" && { model }),
        ...(mode !== null && { mode }),
      },
      { onSuccess: onDone },
    );
  };
  return (
    <li className="p-1">
      <textarea
        // The field appears because the user just asked for it.
        // eslint-disable-next-line jsx-a11y/no-autofocus
        autoFocus
        aria-label={t.queue.edit}
        rows={3}
        value={content}
        onChange={(event) => setContent(event.target.value)}
        className={`${fieldLook} py-1.5`}
      />
      {late && (
        <p role="status" className="px-1 pt-1 text-xs text-wait-ink">
          {t.queue.late}
        </p>
      )}
      <div className="mt-1 flex flex-wrap items-center gap-1.5">
        <div className="flex max-w-full items-center">
          <ModelMenu worker={worker} value={model} onChange={setModel} />
          <ModeMenu worker={worker} value={mode} onChange={setMode} />
        </div>
        <div className="ml-auto flex gap-1.5">
          <Button size="sm" onClick={onDone}>
            {t.common.cancel}
          </Button>
          <Button
            size="sm"
            look="solid"
            disabled={content.trim() === "" && (late || attachments.length === 0)}
            busy={edit.isPending}
            onClick={save}
          >
            {late ? t.queue.sendLate : t.queue.saveEdit}
          </Button>
        </div>
      </div>
    </li>
  );
}
