import { ChevronLeft, ChevronRight } from "lucide-react";
import type { ChatMessage } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { useSessionStream, useSessionView } from "../stream/use-session-stream";
import { newestOf, versionOf } from "../stream/versions";

/** Leads to the earlier versions of a message and what followed them, and back. */
export function VersionSwitcher({ message }: { message: ChatMessage }) {
  const stream = useSessionStream();
  const count = useSessionView(({ transcript }) =>
    versionOf(newestOf(transcript.entries, message)),
  );
  if (count === 1) return null;
  const at = versionOf(message);
  return (
    <div role="group" aria-label={t.version.title} className="flex items-center">
      <IconButton
        size="icon-sm"
        className="size-6"
        label={t.version.previous}
        disabled={at === 1}
        onClick={() => void stream.showVersion(message.messageId, -1)}
      >
        <ChevronLeft />
      </IconButton>
      <span aria-live="polite" aria-label={t.version.of(at, count)} role="status">
        <span aria-hidden className="tabular-nums">
          {at} / {count}
        </span>
      </span>
      <IconButton
        size="icon-sm"
        className="size-6"
        label={t.version.next}
        disabled={at === count}
        onClick={() => void stream.showVersion(message.messageId, 1)}
      >
        <ChevronRight />
      </IconButton>
    </div>
  );
}
