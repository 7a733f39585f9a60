import type { ChatSession } from "@/shared/api/types";
import { sessionPresence, titleOf } from "@/shared/fleet/presence";
import { ago } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { Dot } from "@/shared/ui/dot";

const SHOWN = 12;

export function WorkerSessions({ sessions }: { sessions: readonly ChatSession[] }) {
  const go = useGo();
  if (sessions.length === 0) return null;
  const newest = sessions.toSorted((a, b) => b.lastActivity - a.lastActivity).slice(0, SHOWN);
  return (
    <section>
      <h2 className="mb-1 text-xs font-medium text-ink-3">{t.worker.sessionsOf}</h2>
      <ul className="-mx-2">
        {newest.map((session) => {
          const presence = sessionPresence(session);
          return (
            <li key={session.chatSessionId}>
              <button
                type="button"
                onClick={() => go({ session: session.chatSessionId })}
                className="flex h-9 touch w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover"
              >
                <Dot {...presence} className="size-1.5" />
                <span className="min-w-0 flex-1 truncate">{titleOf(session)}</span>
                <span className="text-xs text-ink-3">{presence.label}</span>
                <span className="w-20 text-right text-xs text-ink-3">
                  {ago(session.lastActivity)}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
