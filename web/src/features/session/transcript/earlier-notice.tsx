import { History } from "lucide-react";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useSessionStream } from "../stream/use-session-stream";

/** An earlier version is read; what is written goes to the conversation as it is now. */
export function EarlierNotice() {
  const stream = useSessionStream();
  return (
    <div
      role="status"
      className="mx-2 flex items-center gap-2 rounded-t-lg border border-b-0 border-line bg-panel px-3 py-1 text-xs text-ink-2"
    >
      <History aria-hidden className="size-3.5 shrink-0 text-ink-3" />
      <p className="flex-1">{t.version.earlier}</p>
      <Button size="sm" onClick={() => stream.showCurrent()}>
        {t.version.showCurrent}
      </Button>
    </div>
  );
}
