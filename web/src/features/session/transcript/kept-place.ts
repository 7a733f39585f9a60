import { useEffect, useEffectEvent, type RefObject } from "react";

/** Where a reader is: the message at the upper edge of what is seen, and how many px of it are above that. */
export interface KeptPlace {
  messageId: string;
  above: number;
}

/** Whoever stops scrolling has found the place. */
const SETTLE_MS = 200;

const nameOf = (sessionId: string) => `muster.place.${sessionId}`;

/** Where this tab's reader was before a reload; null: at the end. */
export function keptPlace(sessionId: string): KeptPlace | null {
  const kept = sessionStorage.getItem(nameOf(sessionId));
  return kept === null ? null : (JSON.parse(kept) as KeptPlace);
}

function keep(sessionId: string, place: KeptPlace | null): void {
  if (place === null) sessionStorage.removeItem(nameOf(sessionId));
  else sessionStorage.setItem(nameOf(sessionId), JSON.stringify(place));
}

/**
 * Keeps the reader's place over a reload. Whoever leaves the session for another place of the page
 * comes back for what is new, and that is at the end.
 */
export function useKeepPlace(
  sessionId: string,
  scroller: RefObject<HTMLElement | null>,
  placeNow: () => KeptPlace | null,
): void {
  const now = useEffectEvent(placeNow);
  useEffect(() => {
    const el = scroller.current;
    if (el === null) return;
    let place: KeptPlace | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const write = () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      keep(sessionId, place);
    };
    const onScroll = () => {
      place = now();
      clearTimeout(timer);
      timer = setTimeout(write, SETTLE_MS);
    };
    el.addEventListener("scroll", onScroll);
    window.addEventListener("pagehide", write);
    return () => {
      el.removeEventListener("scroll", onScroll);
      window.removeEventListener("pagehide", write);
      clearTimeout(timer);
      keep(sessionId, null);
    };
  }, [sessionId, scroller]);
}
