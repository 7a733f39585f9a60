import type { ReactNode } from "react";
import { useState } from "react";
import type { ChatMessage } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { IconButton } from "@/shared/ui/icon-button";
import { useMessageActions } from "../actions/message-actions";

interface ResendButtonProps {
  /** The message of the user whose new version it begins. */
  message: ChatMessage;
  label: string;
  onClick: () => void;
  children: ReactNode;
}

/** Edits or has answered anew; where the agent cannot go back it says so, and offers a fork. */
export function ResendButton({ message, label, onClick, children }: ResendButtonProps) {
  const { blocked, canRewind, forkBefore } = useMessageActions();
  const [asking, setAsking] = useState(false);
  // A replaced message has a newer version; a session that has ended is only read.
  if (message.supersededBy != null || blocked === "ended") return null;
  const busy = canRewind && blocked === "busy";
  return (
    <>
      <IconButton
        size="icon-sm"
        className={actionLook}
        label={busy ? `${label}: ${t.version.busy}` : label}
        // Not `disabled`: it can be reached, and says why.
        aria-disabled={busy}
        onClick={() => {
          if (busy) return;
          if (canRewind) onClick();
          else setAsking(true);
        }}
      >
        {children}
      </IconButton>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={t.version.cannotRewind}
        text={t.version.forkInstead}
        action={t.version.forkBefore}
        onConfirm={() => forkBefore(message.messageId, message.content)}
      />
    </>
  );
}

/** Shown to whoever points at the message, reaches it by keyboard, or has nothing to point with. */
export const actionLook =
  "size-6 aria-disabled:[&>svg]:opacity-45 opacity-0 group-hover:opacity-100 group-focus-within:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100";
