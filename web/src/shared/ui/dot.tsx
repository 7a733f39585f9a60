import { cn } from "./cn";

export type DotLook = "live" | "wait" | "bad" | "ready" | "off";

const looks: Record<DotLook, string> = {
  live: "bg-live",
  wait: "bg-wait",
  bad: "bg-bad",
  ready: "border-[1.5px] border-live",
  off: "border-[1.5px] border-ink-3",
};

/** A state as a dot. It never stands alone: `label` is said by screen readers and on hover. */
export function Dot({
  look,
  label,
  className,
}: {
  look: DotLook;
  label: string;
  className?: string;
}) {
  return (
    <span
      data-dot
      role="img"
      aria-label={label}
      title={label}
      className={cn("inline-block size-2 shrink-0 rounded-full", looks[look], className)}
    />
  );
}
