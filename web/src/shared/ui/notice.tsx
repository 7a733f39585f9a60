import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "./cn";

/** Something that went wrong before this page was shown. */
export function Notice({ className, children }: { className?: string; children: ReactNode }) {
  return (
    <div
      role="alert"
      className={cn("flex gap-2.5 rounded-lg bg-bad-soft px-3.5 py-3 text-sm", className)}
    >
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad-ink" />
      <p className="text-pretty">{children}</p>
    </div>
  );
}
