import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { fieldLook } from "@/shared/ui/input";
import { useEditMessage } from "../actions/use-waiting-actions";
import { useSendMessage } from "../composer/use-send-message";
import { ModeMenu } from "../composer/mode-menu";
import { ModelMenu } from "../composer/model-menu";
import type { Place } from "../composer/suggestions/use-suggestions";
import type { Edit } from "./use-edits";

interface WaitingEditProps {
  sessionId: string;
  edit: Edit;
  place: Place;
  /** It waits no longer: what was written here can only be sent as another message. */
  late: boolean;
  takesFocus: boolean;
  onChange: (edit: Edit) => void;
  onDone: () => void;
}

/** What can be changed in a message as long as it waits. */
export function WaitingEdit(props: WaitingEditProps) {
  const { sessionId, edit, place, late, onDone } = props;
  const { messageId, content, model, mode } = edit;
  const editing = useEditMessage(sessionId);
  const send = useSendMessage();
  const change = (to: Partial<Edit>) => props.onChange({ ...edit, ...to, changed: true });
  const save = () => {
    if (late) {
      void send({ sessionId, content, files: [], model });
      onDone();
      return;
    }
    editing.mutate(
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
        dir="auto"
        // eslint-disable-next-line jsx-a11y/no-autofocus
        autoFocus={props.takesFocus}
        aria-label={t.queue.edit}
        rows={3}
        value={content}
        onChange={(event) => change({ content: event.target.value })}
        className={`${fieldLook} py-1.5`}
      />
      {late && (
        <p role="status" className="px-1 pt-1 text-xs text-wait-ink">
          {t.queue.late}
        </p>
      )}
      <div className="mt-1 flex flex-wrap items-center gap-1.5">
        <div className="flex max-w-full items-center">
          <ModelMenu worker={place.worker} value={model} onChange={(to) => change({ model: to })} />
          <ModeMenu place={place} value={mode} onChange={(to) => change({ mode: to })} />
        </div>
        <div className="ml-auto flex gap-1.5">
          <Button size="sm" onClick={onDone}>
            {t.common.cancel}
          </Button>
          <Button
            size="sm"
            look="solid"
            disabled={content.trim() === "" && (late || !edit.withFiles)}
            busy={editing.isPending}
            onClick={save}
          >
            {late ? t.queue.sendLate : t.queue.saveEdit}
          </Button>
        </div>
      </div>
    </li>
  );
}
