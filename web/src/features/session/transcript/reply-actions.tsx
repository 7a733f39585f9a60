import { GitFork, RefreshCw } from "lucide-react";
import { useState } from "react";
import type { ChatMessage } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { IconButton } from "@/shared/ui/icon-button";
import { useMessageActions } from "../actions/message-actions";
import { useSessionView } from "../stream/use-session-stream";
import { ResendButton, actionLook } from "./resend-button";
import { useChangedFiles } from "./use-changed-files";

/** What can be done with a reply: have it written anew, go on from it in another session. */
export function ReplyActions({ reply }: { reply: ChatMessage }) {
  const { resend, fork } = useMessageActions();
  const question = useSessionView((view) => view.transcript.entries[reply.replyTo ?? ""]?.message);
  const files = useChangedFiles(reply.replyTo ?? "");
  const [asking, setAsking] = useState(false);
  const regenerate = () => question && resend(question, question.content);
  return (
    <>
      {question !== undefined && (
        <ResendButton
          message={question}
          label={t.version.regenerate}
          onClick={() => (files === 0 ? regenerate() : setAsking(true))}
        >
          <RefreshCw />
        </ResendButton>
      )}
      <IconButton
        size="icon-sm"
        className={actionLook}
        label={t.version.fork}
        onClick={() => fork(reply.messageId)}
      >
        <GitFork />
      </IconButton>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={t.version.regenerateTitle}
        text={t.version.note(files)}
        action={t.version.regenerate}
        onConfirm={regenerate}
      />
    </>
  );
}
