import { t } from "@/shared/i18n/strings";
import { useSessionView } from "../stream/use-session-stream";
import { AssistantMessage } from "./assistant-message";
import { UserMessage } from "./user-message";

export function TranscriptRow({ messageId }: { messageId: string }) {
  const role = useSessionView((view) => view.transcript.entries[messageId]?.message.role);
  if (role === "user") return <UserMessage messageId={messageId} />;
  if (role === "assistant") return <AssistantMessage messageId={messageId} />;
  return <SystemNote messageId={messageId} />;
}

function SystemNote({ messageId }: { messageId: string }) {
  const content = useSessionView((view) => view.transcript.entries[messageId]?.message.content);
  return (
    <p aria-label={t.session.system} className="py-4 text-center text-xs text-ink-3">
      {content}
    </p>
  );
}
