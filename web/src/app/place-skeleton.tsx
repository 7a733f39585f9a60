import type { ReactNode } from "react";
import { t } from "@/shared/i18n/strings";
import { Skeleton } from "@/shared/ui/skeleton";

export function PlaceSkeleton({ before, mark }: { before: ReactNode; mark: ReactNode }) {
  return (
    <div role="status" aria-label={t.common.loading} className="flex h-full flex-col">
      <div className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-2 md:px-4">
        {before}
        <Skeleton className="h-4 w-44" />
        <span className="flex-1" />
        {mark}
      </div>
      <div className="measure space-y-3 px-6 pt-12">
        <Skeleton className="h-3.5 w-3/5" />
        <Skeleton className="h-3.5 w-4/5" />
        <Skeleton className="h-3.5 w-2/5" />
      </div>
    </div>
  );
}
