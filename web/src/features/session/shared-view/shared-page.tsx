import { t } from "@/shared/i18n/strings";
import { fullTime } from "@/shared/i18n/time";
import { LoadError } from "@/shared/ui/load-error";
import { Mark } from "@/shared/ui/mark";
import { PageMessage } from "@/shared/ui/page-message";
import { PageTitle } from "@/shared/ui/page-title";
import {
  ReadOnlyContext,
  SessionStreamContext,
  useSessionView,
} from "../stream/use-session-stream";
import { useArrangement } from "../stream/use-arrangement";
import { TranscriptSkeleton } from "../transcript/transcript-skeleton";
import { TranscriptView } from "../transcript/transcript-view";
import { useSharedSession } from "./use-shared-session";

/** A session for whoever has its link: to be read, and nothing else. */
export function SharedPage({ secret }: { secret: string }) {
  const { stream, about } = useSharedSession(secret);
  const title = about === null ? "" : about.title || t.session.untitled;
  return (
    <SessionStreamContext value={stream}>
      <ReadOnlyContext value>
        <PageTitle of={title} />
        <main className="flex h-full min-w-0 flex-col">
          <header className="flex min-h-12 shrink-0 items-center gap-2.5 border-b border-line px-3 py-1.5 md:px-4">
            <Mark className="size-5 shrink-0" />
            <h1 className="min-w-0 truncate font-semibold tracking-[-0.005em]">{title}</h1>
            <span className="hidden min-w-0 shrink truncate text-xs text-ink-3 md:block">
              {about?.model}
            </span>
            <span className="flex-1" />
            {about !== null && (
              <span
                title={t.share.until(fullTime(about.sharedUntil))}
                className="shrink-0 rounded-md border border-line px-2 py-0.5 text-xs text-ink-2"
              >
                {t.share.readOnly}
              </span>
            )}
          </header>
          <SharedTranscript />
        </main>
      </ReadOnlyContext>
    </SessionStreamContext>
  );
}

function SharedTranscript() {
  const phase = useSessionView((view) => view.phase);
  const error = useSessionView((view) => view.error);
  const gone = useSessionView((view) => view.transcript.gone);
  const { rows, queue } = useArrangement();
  if (gone) return <PageMessage title={t.share.goneTitle} text={t.share.goneText} />;
  if (phase === "loading") return <TranscriptSkeleton />;
  if (phase === "error")
    return (
      <div className="flex-1">
        <LoadError error={error} onRetry={() => location.reload()} />
      </div>
    );
  return (
    <TranscriptView
      rows={rows}
      jump={0}
      tail={
        rows.length + queue.length === 0 && (
          <p className="pt-10 text-center text-ink-3">{t.session.empty}</p>
        )
      }
    />
  );
}
