import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/shared/ui/cn";

interface RailRowProps extends ComponentProps<"button"> {
  current: boolean;
  depth: 0 | 1 | 2;
  trailing?: ReactNode;
}

const indent = { 0: "pl-2", 1: "pl-5", 2: "pl-9" };

/** One line of the rail: a button that goes there, and beside it what else can be done. */
export function RailRow({ current, depth, trailing, className, ...props }: RailRowProps) {
  return (
    <div
      className={cn(
        "group/row flex items-center rounded-md pr-0.5 has-[>button:focus-visible]:bg-hover",
        current ? "bg-press" : "hover:bg-hover",
      )}
    >
      <button
        type="button"
        aria-current={current ? "page" : undefined}
        className={cn(
          "flex h-7.5 touch min-w-0 flex-1 items-center gap-2 rounded-md text-left",
          indent[depth],
          className,
        )}
        {...props}
      />
      {trailing}
    </div>
  );
}
