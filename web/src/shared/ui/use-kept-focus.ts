import { useEffect, useRef, type FocusEvent } from "react";

/**
 * For a box in which something focused may go away, such as a button that has done its work: when `state` then
 * changes, the box has the focus, or what is in it at `selector`, and the keyboard goes on from there.
 */
export function useKeptFocus(state: unknown, selector?: string) {
  const box = useRef<HTMLElement>(null);
  const held = useRef(false);
  useEffect(() => {
    if (!held.current || document.activeElement !== document.body) return;
    const to =
      selector === undefined ? box.current : box.current?.querySelector<HTMLElement>(selector);
    to?.focus({ preventScroll: true });
  }, [state, selector]);
  return {
    ref: (element: HTMLElement | null) => {
      box.current = element;
    },
    onFocus: () => {
      held.current = true;
    },
    // What goes away leaves the focus to nothing.
    onBlur: ({ relatedTarget }: FocusEvent) => {
      if (relatedTarget !== null) held.current = false;
    },
  };
}
