import { use } from "react";
import type { Part } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { useAsks } from "../requests/use-request";
import { ReadOnlyContext } from "../stream/use-session-stream";

/** What a reply that is not over waits for. */
export function ReplyPhase({ parts }: { parts: readonly Part[] }) {
  const readOnly = use(ReadOnlyContext);
  const asked = parts.some((part) => "requestId" in part);
  return asked && !readOnly ? <OwnPhase parts={parts} /> : <Phase asks={false} />;
}

function OwnPhase({ parts }: { parts: readonly Part[] }) {
  return <Phase asks={useAsks(parts)} />;
}

function Phase({ asks }: { asks: boolean }) {
  return (
    <p className="mt-2 flex h-6 items-center gap-2 text-xs text-ink-3">
      <span className={cn("size-1.5 animate-breathe rounded-full", asks ? "bg-wait" : "bg-live")} />
      {asks ? t.turn.waitsForYou : t.turn.working}
    </p>
  );
}
