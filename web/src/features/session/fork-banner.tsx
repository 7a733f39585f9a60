import { GitFork } from "lucide-react";
import type { ChatSession } from "@/shared/api/types";
import { titleOf } from "@/shared/fleet/presence";
import { useSessions } from "@/shared/fleet/use-sessions";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { Button } from "@/shared/ui/button";

/** Where a fork comes from, and the way there. */
export function ForkBanner({ session }: { session: ChatSession }) {
  const sessions = useSessions().data;
  const go = useGo();
  const { forkedFrom } = session;
  if (forkedFrom === undefined) return null;
  const origin = sessions?.find((s) => s.chatSessionId === forkedFrom.chatSessionId);
  return (
    <p className="flex min-w-0 items-center justify-center gap-1 border-b border-line bg-panel px-3 py-1 text-xs text-ink-2">
      <GitFork aria-hidden className="size-3.5 shrink-0 text-ink-3" />
      <span className="shrink-0">{t.version.forkedFrom}</span>
      {origin === undefined ? (
        <span>{t.version.originGone}</span>
      ) : (
        <Button
          look="link"
          size="inline"
          className="min-w-0 shrink text-xs underline"
          onClick={() => go({ session: origin.chatSessionId })}
        >
          <span className="truncate">{titleOf(origin)}</span>
        </Button>
      )}
    </p>
  );
}
