import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import type { ChatMessage } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { fieldLook } from "@/shared/ui/input";
import { useMessageActions } from "../actions/message-actions";
import { useDraft } from "../composer/use-draft";
import { useChangedFiles } from "./use-changed-files";

const TALLEST_PX = 420;

interface MessageEditorProps {
  message: ChatMessage;
  onClose: () => void;
}

/** A message of the user, changed in its place and sent anew. */
export function MessageEditor({ message, onClose }: MessageEditorProps) {
  const { messageId, content, chatSessionId } = message;
  const { resend, blocked } = useMessageActions();
  const [draft, setDraft] = useDraft(`edit:${chatSessionId}:${messageId}`);
  const files = useChangedFiles(messageId);
  const box = useRef<HTMLTextAreaElement>(null);
  const text = draft === "" ? content : draft;
  useEffect(() => {
    const el = box.current;
    if (el === null) return;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight + 2, TALLEST_PX)}px`;
  }, [text]);
  useEffect(() => {
    const el = box.current;
    el?.focus();
    el?.setSelectionRange(el.value.length, el.value.length);
  }, []);
  // The composer, by its ↑; a button that this stands in the place of is gone meanwhile.
  const [opener] = useState(() => document.activeElement);
  const close = () => {
    setDraft("");
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    onClose();
  };
  const send = () => {
    if (text.trim() === "" || blocked !== null) return;
    setDraft("");
    resend(message, text.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
    const plainEnter = event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing;
    if (!plainEnter || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      aria-label={t.version.editing}
      className="w-full rounded-xl border border-line-strong bg-raised p-2 focus-within:border-signal"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        dir="auto"
        ref={box}
        aria-label={t.version.edit}
        aria-describedby={`edit-note-${messageId}`}
        rows={1}
        value={text}
        // An empty draft is none: what is sent is never blank.
        onChange={(event) => setDraft(event.target.value === "" ? " " : event.target.value)}
        onKeyDown={onKeyDown}
        className={`${fieldLook} block resize-none border-0 bg-transparent py-1.5 shadow-none outline-none`}
      />
      <div className="mt-1 flex flex-wrap items-center justify-end gap-2 px-1">
        <p
          id={`edit-note-${messageId}`}
          className="w-full text-xs text-pretty text-ink-3 sm:w-auto sm:flex-1"
        >
          {blocked === "busy" ? t.version.busy : t.version.note(files)}
        </p>
        <Button size="sm" onClick={close}>
          {t.common.cancel}
        </Button>
        <Button
          type="submit"
          size="sm"
          look="solid"
          disabled={text.trim() === "" || blocked !== null}
        >
          {t.version.send}
        </Button>
      </div>
    </form>
  );
}
