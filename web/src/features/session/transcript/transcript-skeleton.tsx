import { t } from "@/shared/i18n/strings";
import { Skeleton } from "@/shared/ui/skeleton";

export function TranscriptSkeleton() {
  return (
    <div
      role="status"
      aria-label={t.common.loading}
      className="measure flex-1 space-y-3 px-6 pt-10"
    >
      <Skeleton className="ml-auto h-9 w-2/5 rounded-xl" />
      <Skeleton className="h-3.5 w-11/12" />
      <Skeleton className="h-3.5 w-4/5" />
      <Skeleton className="h-3.5 w-3/5" />
    </div>
  );
}
