import { useLinkStatus } from "@/shared/live/live-context";
import { clockTime } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { Tooltip } from "@/shared/ui/tooltip";

const looks = {
  live: "bg-live",
  connecting: "bg-ink-3 animate-breathe",
  catching_up: "bg-wait animate-breathe",
  offline: "bg-bad",
};

/** Whether what is seen is up to date. Says it in words as soon as it is not. */
export function LinkMark() {
  const { phase, since } = useLinkStatus();
  return (
    <Tooltip text={t.link.explain[phase]}>
      <span
        role="status"
        className={cn(
          "flex h-7 shrink-0 items-center gap-1.5 rounded-full px-2 text-xs text-ink-3",
          phase === "offline" && "bg-bad-soft text-bad-ink",
        )}
      >
        <span aria-hidden data-dot className={cn("size-1.5 rounded-full", looks[phase])} />
        <span className={cn(phase === "live" && "max-sm:sr-only")}>
          {t.link[phase]}
          {/* On a phone the room is the title's. */}
          {phase === "offline" && (
            <span className="max-sm:sr-only"> {t.link.since(clockTime(since))}</span>
          )}
        </span>
      </span>
    </Tooltip>
  );
}
