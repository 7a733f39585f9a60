import { useEffect, useLayoutEffect, useRef, type ClipboardEvent, type KeyboardEvent } from "react";
import { t } from "@/shared/i18n/strings";
import { SuggestionList } from "./suggestions/suggestion-list";
import { useSuggesting } from "./suggestions/use-suggesting";
import type { Place } from "./suggestions/use-suggestions";

const TALLEST_PX = 320;

interface MessageBoxProps {
  value: string;
  /** Whose files and commands are suggested. */
  place: Place;
  placeholder: string;
  disabled?: boolean;
  takesFocus?: boolean;
  onChange: (text: string) => void;
  onSend: () => void;
  onFiles: (files: File[]) => void;
  /** ↑ in the empty field. */
  onEditLast?: (() => void) | undefined;
}

/** A text field that grows with its text. Enter sends on a keyboard; on a phone it breaks the line. */
export function MessageBox({
  value,
  place,
  placeholder,
  disabled,
  takesFocus,
  onChange,
  onSend,
  onFiles,
  onEditLast,
}: MessageBoxProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const el = box.current;
    if (el === null) return;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, TALLEST_PX)}px`;
  }, [value]);
  useEffect(() => {
    if (takesFocus && matchMedia("(pointer: fine)").matches) box.current?.focus();
  }, [takesFocus]);
  const caret = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (caret.current !== null) box.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [value]);
  const suggesting = useSuggesting(place, value, (text, then) => {
    caret.current = then;
    onChange(text);
  });
  const { items, at, listId, optionId } = suggesting;
  const onKeyDown = (event: KeyboardEvent) => {
    if (suggesting.onKey(event)) return;
    if (event.key === "ArrowUp" && value === "" && onEditLast !== undefined) {
      event.preventDefault();
      onEditLast();
      return;
    }
    const plainEnter = event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing;
    if (!plainEnter || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    onSend();
  };
  const onPaste = (event: ClipboardEvent) => {
    const { files, types } = event.clipboardData;
    // A copied table or page comes as text with a picture of it: the text is meant.
    if (files.length === 0 || types.includes("text/plain")) return;
    event.preventDefault();
    onFiles([...files]);
  };
  return (
    <>
      <SuggestionList {...suggesting} />
      <textarea
        dir="auto"
        ref={box}
        id="composer"
        rows={1}
        aria-label={t.composer.label}
        aria-autocomplete="list"
        aria-controls={items.length > 0 ? listId : undefined}
        aria-activedescendant={items.length > 0 ? optionId(at) : undefined}
        placeholder={placeholder}
        value={value}
        disabled={disabled}
        onChange={({ target }) => {
          onChange(target.value);
          // What is dictated or filled in selects nothing.
          suggesting.onCaret(target.selectionEnd);
        }}
        onSelect={(event) => suggesting.onCaret(event.currentTarget.selectionEnd)}
        onBlur={() => suggesting.onCaret(null)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        className="block max-h-80 w-full resize-none bg-transparent px-3.5 pt-3 pb-1 text-base text-ink outline-none placeholder:truncate placeholder:text-ink-3 disabled:opacity-50"
      />
    </>
  );
}
