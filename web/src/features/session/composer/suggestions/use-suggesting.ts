import { useId, useState, type KeyboardEvent } from "react";
import { mentionAt, withChoice } from "./mention";
import { useSuggestions, type Place } from "./use-suggestions";

/** Suggestions for the word at the caret of a text field, and the keys that choose one. */
export function useSuggesting(
  place: Place,
  text: string,
  onChange: (text: string, caret: number) => void,
) {
  const id = useId();
  /** Null while the field has no focus. */
  const [caret, setCaret] = useState<number | null>(null);
  const mention = caret === null ? null : mentionAt(text, caret);
  const word = mention && `${mention.from} ${mention.typed}`;
  const [closed, setClosed] = useState<number | null>(null);
  const [marked, setMarked] = useState({ word, at: 0 });
  const found = useSuggestions(place, mention);
  const items = mention !== null && closed === mention.from ? [] : found;
  const at = marked.word === word ? Math.min(marked.at, items.length - 1) : 0;
  const choose = (value: string) => {
    if (mention === null) return;
    const [changed, then] = withChoice(text, mention, value);
    setCaret(then);
    onChange(changed, then);
  };
  return {
    /** Whether there may be some in a moment. */
    awaited: mention !== null,
    items,
    at,
    listId: `${id}-list`,
    optionId: (index: number) => `${id}-${index}`,
    choose,
    onCaret: (next: number | null) => {
      setCaret(next);
      if (next === null || mentionAt(text, next)?.from !== closed) setClosed(null);
    },
    /** Whether the key was meant for the suggestions. */
    onKey: (event: KeyboardEvent): boolean => {
      const item = items[at];
      if (mention === null || item === undefined || event.nativeEvent.isComposing) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) setMarked({ word, at: (at + step + items.length) % items.length });
      else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey))
        choose(item.value);
      else if (event.key === "Escape") setClosed(mention.from);
      else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
}
