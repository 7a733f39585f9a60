import { toast } from "@/shared/ui/toast";
import type { ChatSession } from "@/shared/api/types";
import { closeDialog, useOpenDialog } from "@/shared/dialogs/dialog-store";
import { useSessions } from "@/shared/fleet/use-sessions";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { useDeleteSession, useEndSession, useRestoreSession } from "./actions/use-session-actions";
import { ConnectAgentDialog } from "./connect-agent-dialog";
import { RenameSession } from "./rename-session";
import { ShareSession } from "./share-session";

export function SessionDialogs() {
  const open = useOpenDialog();
  const sessions = useSessions().data;
  if (open?.kind === "connect-agent") return <ConnectAgentDialog machineId={open.machineId} />;
  if (open === null || !("sessionId" in open)) return null;
  const session = sessions?.find((s) => s.chatSessionId === open.sessionId);
  if (session === undefined) return null;
  switch (open.kind) {
    case "rename-session":
      return <RenameSession session={session} />;
    case "share-session":
      return <ShareSession session={session} />;
    case "end-session":
      return <EndSession session={session} />;
    case "resume-session":
      return <ResumeSession session={session} />;
    case "delete-session":
      return <DeleteSession session={session} />;
  }
}

interface SessionProps {
  session: ChatSession;
}

function EndSession({ session }: SessionProps) {
  const end = useEndSession(session.chatSessionId);
  return (
    <ConfirmDialog
      open
      onOpenChange={closeDialog}
      title={t.session.endTitle}
      text={t.session.endText}
      action={t.session.end}
      onConfirm={() => end.mutate()}
    />
  );
}

function ResumeSession({ session }: SessionProps) {
  const restore = useRestoreSession(session.chatSessionId);
  return (
    <ConfirmDialog
      open
      onOpenChange={closeDialog}
      title={t.session.resumeTitle}
      text={t.session.resumeText}
      action={t.session.resume}
      onConfirm={() => restore.mutate()}
    />
  );
}

function DeleteSession({ session }: SessionProps) {
  const go = useGo();
  const remove = useDeleteSession(session.chatSessionId, () => {
    toast(t.session.deleted);
    go({ worker: session.workerId });
  });
  return (
    <ConfirmDialog
      open
      onOpenChange={closeDialog}
      destructive
      title={t.session.deleteTitle}
      text={t.session.deleteText}
      action={t.session.delete}
      onConfirm={() => remove.mutate()}
    />
  );
}
