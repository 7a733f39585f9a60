import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useSessionStream, useSessionView } from "../stream/use-session-stream";
import { TranscriptRow } from "./transcript-row";

/** Closer to the end than this counts as reading the newest. */
const NEAR_END_PX = 80;
const NEAR_START_PX = 600;
const TYPICAL_ROW_PX = 180;

interface TranscriptViewProps {
  rows: readonly string[];
  /** What follows the last message: messages on their way, the sign that a worker is awaited. */
  tail: ReactNode;
  /** Changes when something is sent: then the reader wants to see the end. */
  jump: number;
}

export function TranscriptView({ rows, tail, jump }: TranscriptViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const stream = useSessionStream();
  const hasOlder = useSessionView((view) => view.nextBefore !== null);
  const loadingOlder = useSessionView((view) => view.loadingOlder);
  const [atEnd, setAtEnd] = useState(true);
  // One row more than there are messages, so that what follows them scrolls and follows with them.
  const count = rows.length + 1;
  // The compiler that this rule speaks for is not in use.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (index === rows.length ? 40 : TYPICAL_ROW_PX),
    getItemKey: (index) => rows[index] ?? "tail",
    overscan: 6,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_END_PX,
    onChange: (instance) => setAtEnd(instance.isAtEnd(NEAR_END_PX)),
  });

  useEffect(() => virtual.scrollToEnd(), [virtual, jump]);

  const onScroll = () => {
    const el = scroller.current;
    if (el !== null && hasOlder && el.scrollTop < NEAR_START_PX) void stream.loadOlder();
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
        {loadingOlder && (
          <p role="status" className="py-3 text-center text-xs text-ink-3">
            {t.session.older}
          </p>
        )}
        <div className="relative w-full" style={{ height: virtual.getTotalSize() }}>
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
                  <TranscriptRow messageId={rows[item.index] ?? ""} />
                )}
              </div>
            </div>
          ))}
        </div>
      </div>
      {!atEnd && (
        <Button
          size="sm"
          aria-label={t.session.toEnd}
          className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full shadow-pop"
          onClick={() => virtual.scrollToEnd()}
        >
          <ArrowDown /> {t.session.toEndShort}
        </Button>
      )}
    </div>
  );
}
