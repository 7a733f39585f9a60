import { useState } from "react";
import type { ChatMessage, Worker } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { fieldLook } from "@/shared/ui/input";
import { useEditMessage } from "../actions/use-waiting-actions";
import { ModeMenu } from "../composer/mode-menu";
import { ModelMenu } from "../composer/model-menu";

interface WaitingEditProps {
  message: ChatMessage;
  worker: Worker | undefined;
  onDone: () => void;
}

/** What can be changed in a message as long as it waits. */
export function WaitingEdit({ message, worker, onDone }: WaitingEditProps) {
  const { messageId, chatSessionId, attachments } = message;
  const edit = useEditMessage(chatSessionId);
  const [content, setContent] = useState(message.content);
  const [model, setModel] = useState(message.model ?? "");
  const [mode, setMode] = useState(message.mode ?? null);
  const save = () =>
    edit.mutate(
      {
        messageId,
        content,
        ...(model !== "" && { model }),
        ...(mode !== null && { mode }),
      },
      { onSuccess: onDone },
    );
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
            disabled={content.trim() === "" && attachments.length === 0}
            busy={edit.isPending}
            onClick={save}
          >
            {t.queue.saveEdit}
          </Button>
        </div>
      </div>
    </li>
  );
}
