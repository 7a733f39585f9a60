import { useCallback, useRef, useState, type UIEvent } from "react";
import { flushSync } from "react-dom";

/** Whoever scrolls down to here means the end. */
const NEAR_END_PX = 80;
/** A scroll position is a fraction where a screen pixel is one. */
const ROUNDING_PX = 2;

interface Reach {
  top: number;
  furthest: number;
}

const reachOf = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement): Reach => ({
  top: scrollTop,
  furthest: scrollHeight - clientHeight,
});

/**
 * Whether the reader is taken along to what comes. This is what the reader wants, not where the
 * view happens to be: new text and a growing composer change the distance to the end many times a
 * second, and only the reader's own way up may end it.
 */
export function useFollow(fromTheBeginning = true) {
  const [following, setFollowing] = useState(fromTheBeginning);
  const last = useRef<Reach>({ top: 0, furthest: 0 });
  const follow = useCallback(() => setFollowing(true), []);
  /** To be told of each place where the page itself has put the view: the reader starts from there. */
  const onPlaced = useCallback((element: HTMLElement) => {
    last.current = reachOf(element);
  }, []);
  /** Whether the view is where the page has put it: then no reader has scrolled. */
  const isPlaced = useCallback(
    (element: HTMLElement) => Math.abs(element.scrollTop - last.current.top) <= ROUNDING_PX,
    [],
  );
  const onScroll = (event: UIEvent<HTMLElement>) => {
    const next = afterScroll(following, last.current, reachOf(event.currentTarget));
    last.current = reachOf(event.currentTarget);
    // At once: a chunk in the same frame must find what the reader wants now.
    if (next !== following) flushSync(() => setFollowing(next));
  };
  return { following, follow, onPlaced, isPlaced, onScroll };
}

export function afterScroll(following: boolean, before: Reach, now: Reach): boolean {
  const left = now.furthest - now.top;
  if (left <= ROUNDING_PX) return true;
  // What became shorter drags the view up with it; that is nobody's wish.
  if (now.top < Math.min(before.top, now.furthest)) return false;
  return following || (now.top > before.top && left <= NEAR_END_PX);
}
