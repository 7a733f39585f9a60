import { Check, CheckCheck, CircleAlert, CircleSlash, Clock } from "lucide-react";
import type { ChatMessage } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";

const icons = {
  queued: Clock,
  delivered: Check,
  streaming: CheckCheck,
  completed: CheckCheck,
  failed: CircleAlert,
  cancelled: CircleSlash,
  interrupted: CircleAlert,
};

/** How far a message got: every step of its turn is visible. */
export function Receipt({ status }: { status: ChatMessage["status"] }) {
  const Icon = icons[status];
  const bad = status === "failed" || status === "interrupted";
  return (
    <span className={cn("flex items-center gap-1", bad && "text-bad-ink")}>
      <Icon aria-hidden className="size-3.5" />
      {t.turn[status]}
    </span>
  );
}
