import { ChevronRight } from "lucide-react";
import { useState, type ReactNode } from "react";
import { cn } from "@/shared/ui/cn";

interface FoldProps {
  /** The one line that says what it is; the only thing seen while folded. */
  summary: ReactNode;
  icon: ReactNode;
  initiallyOpen?: boolean;
  children: ReactNode;
}

export function Fold({ summary, icon, initiallyOpen = false, children }: FoldProps) {
  const [open, setOpen] = useState(initiallyOpen);
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="-ml-1.5 flex touch max-w-full items-center gap-2 rounded-md py-1 pr-2 pl-1.5 text-left text-sm text-ink-2 hover:bg-hover"
      >
        <span aria-hidden className="shrink-0 text-ink-3 [&>svg]:size-3.5">
          {icon}
        </span>
        {summary}
        <ChevronRight
          aria-hidden
          className={cn("size-3.5 shrink-0 text-ink-3 transition-transform", open && "rotate-90")}
        />
      </button>
      {open && <div className="mt-1 mb-2 ml-1 border-l border-line pl-4">{children}</div>}
    </div>
  );
}
