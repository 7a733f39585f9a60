import { cn } from "./cn";

export function Kbd({ keys, className }: { keys: string; className?: string }) {
  return (
    <kbd
      className={cn(
        "inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-line px-1 font-sans text-2xs text-ink-3",
        className,
      )}
    >
      {keys}
    </kbd>
  );
}
