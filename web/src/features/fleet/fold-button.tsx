import { ChevronRight } from "lucide-react";
import { cn } from "@/shared/ui/cn";

interface FoldButtonProps {
  open: boolean;
  onClick: () => void;
  children: string;
}

/** A line of the rail below which there is more. */
export function FoldButton({ open, onClick, children }: FoldButtonProps) {
  return (
    <button
      type="button"
      aria-expanded={open}
      onClick={onClick}
      className="flex h-6.5 touch w-full items-center gap-1 rounded-md pl-8.5 text-xs text-ink-3 hover:bg-hover hover:text-ink-2"
    >
      <ChevronRight
        aria-hidden
        className={cn("size-3 transition-transform", open && "rotate-90")}
      />
      {children}
    </button>
  );
}
