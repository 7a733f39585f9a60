import { elementScroll, useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode, type UIEvent } from "react";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useSessionStream, useSessionView } from "../stream/use-session-stream";
import { FollowContext } from "./follow-context";
import { keptPlace, useKeepPlace } from "./kept-place";
import { OlderNotice } from "./older-notice";
import { RowInTime } from "./row-in-time";
import { useFollow } from "./use-follow";

const NEAR_START_PX = 600;
const TYPICAL_ROW_PX = 180;
/** Rows that are rendered above and below what is seen: one question with its reply. A row may be a screen tall. */
const AROUND = 2;

interface TranscriptViewProps {
  rows: readonly string[];
  /** What follows the last message: messages on their way, the sign that a worker is awaited. */
  tail: ReactNode;
  /** Counts what is sent: then the reader wants to see the end. */
  jump: number;
}

export function TranscriptView({ rows, tail, jump }: TranscriptViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const stream = useSessionStream();
  const hasOlder = useSessionView((view) => view.nextBefore !== null);
  const [kept] = useState(() => {
    const place = keptPlace(stream.sessionId);
    return place !== null && rows.includes(place.messageId) ? place : null;
  });
  /** The reader has not moved since: rows that get their height only now must not move the view either. */
  const held = useRef(kept !== null);
  const { following, follow, onPlaced, isPlaced, onScroll: noteScroll } = useFollow(kept === null);
  // One row more than there are messages, so that what follows them scrolls and follows with them.
  const count = rows.length + 1;
  // The compiler that this rule speaks for is not in use.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (index === rows.length ? 40 : TYPICAL_ROW_PX),
    getItemKey: (index) => rows[index] ?? "tail",
    overscan: AROUND,
    // Beginning at the top, it would render what is there only to leave it.
    initialOffset: () =>
      kept === null
        ? Number.MAX_SAFE_INTEGER
        : rows.indexOf(kept.messageId) * TYPICAL_ROW_PX + kept.above,
    // Only the kept place is scrolled to by its row.
    scrollPaddingStart: kept === null ? 0 : -kept.above,
    // Keeps what is being read in its place when earlier messages come in above it.
    anchorTo: "end",
    // Its own idea of the end is a distance; `following` is what the reader wants.
    scrollEndThreshold: following ? Infinity : -1,
    scrollToFn: (offset, options, instance) => {
      elementScroll(offset, options, instance);
      if (instance.scrollElement !== null) onPlaced(instance.scrollElement);
    },
  });
  const height = virtual.getTotalSize();

  useEffect(() => {
    if (jump > 0) follow();
  }, [follow, jump]);
  useLayoutEffect(() => {
    const at = kept === null ? -1 : rows.indexOf(kept.messageId);
    if (following) held.current = false;
    if (following) virtual.scrollToEnd();
    else if (held.current && at >= 0) virtual.scrollToIndex(at, { align: "start" });
    else virtual.cancelScroll();
  }, [virtual, following, height, rows, kept]);
  useEffect(() => {
    const el = scroller.current;
    if (el === null || !following) return;
    // A composer that grows takes its height from here.
    const observer = new ResizeObserver(() => virtual.scrollToEnd());
    observer.observe(el);
    return () => observer.disconnect();
  }, [virtual, following]);

  useKeepPlace(stream.sessionId, scroller, () => {
    if (held.current) return kept;
    const top = virtual.scrollOffset ?? 0;
    const row = virtual.getVirtualItemForOffset(top);
    const messageId = rows[row?.index ?? rows.length];
    if (following || row === undefined || messageId === undefined) return null;
    return { messageId, above: Math.round(top - row.start) };
  });

  const onScroll = (event: UIEvent<HTMLElement>) => {
    if (!isPlaced(event.currentTarget)) held.current = false;
    if (!held.current) noteScroll(event);
    if (hasOlder && event.currentTarget.scrollTop < NEAR_START_PX) stream.nearStart();
  };

  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        role="log"
        aria-label={t.session.log}
        aria-live="off"
        // Reached by keyboard, because it scrolls.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onScroll={onScroll}
        className="h-full overflow-y-auto overscroll-contain outline-offset-[-2px] [overflow-anchor:none]"
      >
        <OlderNotice
          onRetry={() => {
            // The button goes, and the focus must not go with it.
            scroller.current?.focus();
            void stream.loadOlder();
          }}
        />
        <div className="relative w-full" style={{ height }}>
          {virtual.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <div className="measure px-4 md:px-6">
                {item.index === rows.length ? (
                  <div className="pb-8">{tail}</div>
                ) : (
                  <FollowContext value={follow}>
                    <RowInTime
                      messageId={rows[item.index] ?? ""}
                      passing={virtual.isScrolling && !following && !held.current}
                      height={item.size}
                    />
                  </FollowContext>
                )}
              </div>
            </div>
          ))}
        </div>
      </div>
      {!following && (
        <Button
          size="sm"
          aria-label={t.session.toEnd}
          className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full shadow-pop"
          onClick={follow}
        >
          <ArrowDown /> {t.session.toEndShort}
        </Button>
      )}
    </div>
  );
}
