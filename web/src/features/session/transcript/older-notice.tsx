import { messageOf } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useSessionView } from "../stream/use-session-stream";

/** Above the first message: earlier ones are on their way, or could not be loaded. */
export function OlderNotice({ onRetry }: { onRetry: () => void }) {
  const loading = useSessionView((view) => view.loadingOlder);
  const error = useSessionView((view) => view.olderError);
  if (loading)
    return (
      <p role="status" className="py-3 text-center text-xs text-ink-3">
        {t.session.older}
      </p>
    );
  if (error === null) return null;
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center justify-center gap-2 px-4 py-2 text-xs text-bad-ink"
    >
      {t.session.olderFailed(messageOf(error))}
      <Button size="sm" onClick={onRetry}>
        {t.errors.retry}
      </Button>
    </div>
  );
}
