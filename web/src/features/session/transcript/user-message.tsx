import { Pencil } from "lucide-react";
import { memo, use } from "react";
import { clockTime } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { CopyButton } from "@/shared/ui/copy-button";
import { useKeptFocus } from "@/shared/ui/use-kept-focus";
import { MessageFiles } from "../attachments/message-files";
import { ReadOnlyContext, useSessionStream, useSessionView } from "../stream/use-session-stream";
import { MessageEditor } from "./message-editor";
import { Receipt } from "./receipt";
import { ResendButton, actionLook } from "./resend-button";
import { Unfinished } from "./unfinished";
import { VersionSwitcher } from "./version-switcher";

export const UserMessage = memo(function UserMessage({ messageId }: { messageId: string }) {
  const message = useSessionView((view) => view.transcript.entries[messageId]?.message);
  // A turn may end before its reply began; then there is no reply to say why.
  const answered = useSessionView(({ transcript: { order, entries } }) =>
    order.some((id) => entries[id]?.message.replyTo === messageId),
  );
  const stream = useSessionStream();
  const readOnly = use(ReadOnlyContext);
  const editing = useSessionView((view) => view.editing === messageId);
  const kept = useKeptFocus("[data-edit] button");
  if (message === undefined) return null;
  if (editing)
    return (
      <article {...kept} aria-label={t.session.you} className="flex flex-col items-end pt-6">
        <MessageEditor message={message} onClose={() => stream.edit(null)} />
      </article>
    );
  return (
    <article {...kept} aria-label={t.session.you} className="group flex flex-col items-end pt-6">
      <MessageFiles files={message.attachments} />
      {message.content.trim() !== "" && (
        <div className="max-w-[88%] overflow-y-clip rounded-xl rounded-br-sm bg-press px-3.5 py-2 text-base break-words whitespace-pre-wrap [unicode-bidi:plaintext]">
          {message.content}
        </div>
      )}
      <div className="mt-1 flex h-6 items-center gap-1.5 pr-1 text-xs text-ink-3">
        {!readOnly && (
          <span data-edit className="contents">
            <ResendButton
              message={message}
              label={t.version.edit}
              onClick={() => stream.edit(messageId)}
            >
              <Pencil />
            </ResendButton>
          </span>
        )}
        <CopyButton text={message.content} label={t.reply.copyMessage} className={actionLook} />
        {!readOnly && <VersionSwitcher message={message} />}
        <time>{clockTime(message.timestamp)}</time>
        <Receipt status={message.status} />
      </div>
      {!answered && <Unfinished message={message} />}
    </article>
  );
});
