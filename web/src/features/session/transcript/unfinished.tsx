import { RotateCcw } from "lucide-react";
import { use } from "react";
import type { ChatMessage } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { cn } from "@/shared/ui/cn";
import { useRetryTurn } from "../actions/use-turn-actions";
import { ReadOnlyContext } from "../stream/use-session-stream";

/** Why a turn did not get to its end, and the way to try it again. */
export function Unfinished({ message }: { message: ChatMessage }) {
  const retry = useRetryTurn(message.chatSessionId);
  const readOnly = use(ReadOnlyContext);
  const { status, error } = message;
  if (status !== "failed" && status !== "cancelled" && status !== "interrupted") return null;
  return (
    <div
      className={cn(
        "my-2 flex w-full flex-wrap items-center gap-x-3 gap-y-2 rounded-lg px-3.5 py-2 text-base",
        status === "cancelled" ? "bg-hover text-ink-2" : "bg-bad-soft text-bad-ink",
      )}
    >
      <p className="min-w-0 flex-1 break-words">
        {t.turn.reason[status](error == null ? "" : (t.reasons[error] ?? error))}
      </p>
      {!readOnly && (
        <Button
          size="sm"
          busy={retry.isPending}
          onClick={() => retry.mutate(message.replyTo ?? message.messageId)}
        >
          <RotateCcw /> {t.turn.retry}
        </Button>
      )}
    </div>
  );
}
