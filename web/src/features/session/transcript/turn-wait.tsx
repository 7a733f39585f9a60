import { t } from "@/shared/i18n/strings";
import { useSessionView } from "../stream/use-session-stream";

/** Between the delivery of a message and the first sign of its reply. */
export function TurnWait({ open }: { open: string | null }) {
  const answered = useSessionView(({ transcript: { order, entries } }) =>
    order.some((id) => {
      const message = entries[id]?.message;
      return message?.replyTo === open && !message.completed;
    }),
  );
  if (open === null || answered) return null;
  return (
    <p role="status" className="flex items-center gap-2 pt-2 text-xs text-ink-3">
      <span className="size-1.5 animate-breathe rounded-full bg-live" />
      {t.turn.waitingForWorker}
    </p>
  );
}
