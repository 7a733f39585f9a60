import { HardDrive, TriangleAlert } from "lucide-react";
import type { Worker } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/cn";
import { useReadmitWorker } from "./use-readmit-worker";

interface RestrictionNoticeProps {
  worker: Worker;
  className?: string;
}

/** What keeps a worker from working although it may, and what its owner can do about it. */
export function RestrictionNotice({ worker, className }: RestrictionNoticeProps) {
  const readmit = useReadmitWorker();
  if (worker.restriction === undefined) return null;
  const isCut = worker.restriction === "cut_off";
  const Icon = isCut ? TriangleAlert : HardDrive;
  return (
    <div
      role="status"
      className={cn("flex flex-wrap items-center gap-x-2 gap-y-1.5 text-xs", className)}
    >
      <Icon
        aria-hidden
        className={cn("size-3.5 shrink-0", isCut ? "text-bad-ink" : "text-wait-ink")}
      />
      <p className={cn("min-w-0 flex-1 basis-48", isCut ? "text-bad-ink" : "text-wait-ink")}>
        {t.worker.restriction[worker.restriction]}
      </p>
      {isCut && (
        <Button size="sm" busy={readmit.isPending} onClick={() => readmit.mutate(worker.workerId)}>
          {t.worker.readmit}
        </Button>
      )}
    </div>
  );
}
