import { Pin } from "lucide-react";
import type { ChatSession } from "@/shared/api/types";
import { sessionPresence, titleOf } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { useGo, usePlace } from "@/shared/nav/place";
import { cn } from "@/shared/ui/cn";
import { Dot } from "@/shared/ui/dot";
import { RailRow } from "./rail-row";

export function SessionRow({ session }: { session: ChatSession }) {
  const go = useGo();
  const current = usePlace().session === session.chatSessionId;
  const { look, label } = sessionPresence(session);
  const unread = session.unread && !current;
  return (
    <RailRow
      depth={2}
      current={current}
      data-session={session.chatSessionId}
      onClick={() => go({ session: session.chatSessionId })}
    >
      <Dot
        look={look}
        label={label}
        className={cn("size-1.5", session.activity === "working" && "animate-breathe")}
      />
      <span className={cn("truncate", unread ? "font-semibold text-ink" : "text-ink-2")}>
        {titleOf(session)}
      </span>
      {session.pinned && <Pin aria-hidden className="size-3 shrink-0 text-ink-3" />}
      {unread && (
        <span className="mr-2 ml-auto size-1.5 shrink-0 rounded-full bg-signal">
          <span className="sr-only">{t.rail.unread}</span>
        </span>
      )}
    </RailRow>
  );
}
