import { useEffect, useRef, type FocusEvent } from "react";

/**
 * For a box in which something focused may go away, such as a button that has done its work: once it is rendered
 * without that, the box has the focus, or what is in it at `selector`, and the keyboard goes on from there.
 */
export function useKeptFocus(selector?: string) {
  const box = useRef<HTMLElement>(null);
  /** What has the focus, or had it when it went away. */
  const last = useRef<Element>(null);
  useEffect(() => {
    if (document.activeElement !== document.body || last.current?.isConnected !== false) return;
    last.current = null;
    const to =
      selector === undefined ? box.current : box.current?.querySelector<HTMLElement>(selector);
    to?.focus({ preventScroll: true });
  });
  return {
    ref: (element: HTMLElement | null) => {
      box.current = element;
    },
    onFocus: ({ target }: FocusEvent) => {
      last.current = target;
    },
    // What goes away leaves the focus to nothing.
    onBlur: ({ relatedTarget }: FocusEvent) => {
      if (relatedTarget !== null) last.current = null;
    },
  };
}
