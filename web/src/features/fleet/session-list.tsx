import { useState } from "react";
import type { ChatSession } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { FoldButton } from "./fold-button";
import { SessionRow } from "./session-row";

const SHOWN = 6;

/** A worker's sessions: what can be gone on with on top, what has ended folded below. */
export function SessionList({ sessions }: { sessions: readonly ChatSession[] }) {
  const [all, setAll] = useState(false);
  const [endedOpen, setEndedOpen] = useState(false);
  const newest = sessions.toSorted(
    (a, b) => Number(b.pinned) - Number(a.pinned) || b.lastActivity - a.lastActivity,
  );
  const open = newest.filter((s) => s.status !== "terminated");
  const ended = newest.filter((s) => s.status === "terminated");
  const shown = all ? open : open.slice(0, SHOWN);
  return (
    <>
      {shown.map((session) => (
        <SessionRow key={session.chatSessionId} session={session} />
      ))}
      {open.length > SHOWN && (
        <FoldButton onClick={() => setAll(!all)} open={all}>
          {all ? t.reply.showLess : t.rail.more(open.length - SHOWN)}
        </FoldButton>
      )}
      {ended.length > 0 && (
        <FoldButton open={endedOpen} onClick={() => setEndedOpen(!endedOpen)}>
          {t.rail.ended(ended.length)}
        </FoldButton>
      )}
      {endedOpen && ended.map((s) => <SessionRow key={s.chatSessionId} session={s} />)}
    </>
  );
}
