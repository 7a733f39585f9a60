import { Link2 } from "lucide-react";
import type { ChatSession } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { fullTime } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { IconButton } from "@/shared/ui/icon-button";

/** Says that others can read this session, and leads to ending that. */
export function SharedMark({ session }: { session: ChatSession }) {
  const { chatSessionId: sessionId, sharedUntil } = session;
  if (sharedUntil === undefined) return null;
  return (
    <IconButton
      label={t.share.until(fullTime(sharedUntil))}
      className="text-signal"
      onClick={() => openDialog({ kind: "share-session", sessionId })}
    >
      <Link2 />
    </IconButton>
  );
}
