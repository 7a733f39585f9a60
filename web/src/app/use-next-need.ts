import { useEffect, useRef, type FocusEvent } from "react";

/**
 * For cards (`data-need`) that go away once they are answered: then the one after it has the focus, or the last one, or
 * what stands above them (`data-needs`). `waiting` says which there are.
 */
export function useNextNeed(waiting: string) {
  const box = useRef<HTMLElement>(null);
  /** Where the focus is, or was when it went away; null: elsewhere. */
  const at = useRef<number | null>(null);
  useEffect(() => {
    if (at.current === null || document.activeElement !== document.body) return;
    const cards = cardsIn(box.current);
    const next = cards[Math.min(at.current, cards.length - 1)];
    (next ?? box.current?.querySelector<HTMLElement>("[data-needs]"))?.focus();
  }, [waiting]);
  return {
    ref: box,
    onFocus: ({ target }: FocusEvent) => {
      at.current = Math.max(
        0,
        cardsIn(box.current).findIndex((card) => card.contains(target)),
      );
    },
    // What goes away leaves the focus to nothing.
    onBlur: ({ relatedTarget }: FocusEvent) => {
      if (relatedTarget !== null) at.current = null;
    },
  };
}

const cardsIn = (box: HTMLElement | null) => [
  ...(box?.querySelectorAll<HTMLElement>("[data-need]") ?? []),
];
