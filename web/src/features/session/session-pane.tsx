import type { ReactNode } from "react";
import type { ChatSession, Machine, Worker } from "@/shared/api/types";
import { closeDialog, openDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Sheet } from "@/shared/ui/sheet";
import { DetailPanel } from "./detail/detail-panel";
import { ForkBanner } from "./fork-banner";
import { DirectoryContext } from "./reply/short-path";
import { SessionBody } from "./session-body";
import { SessionHeader } from "./session-header";
import { SessionStreamContext, useSessionStreamOf } from "./stream/use-session-stream";

interface SessionPaneProps {
  session: ChatSession;
  worker: Worker | undefined;
  machine: Machine | undefined;
  before: ReactNode;
  mark: ReactNode;
  /** Where its details are shown. */
  detail: "beside" | "over" | null;
  onToggleDetail: () => void;
}

export default function SessionPane(props: SessionPaneProps) {
  const { session, worker, machine, detail } = props;
  const stream = useSessionStreamOf(session.chatSessionId);
  const panel = <DetailPanel session={session} worker={worker} />;
  return (
    <SessionStreamContext value={stream}>
      <DirectoryContext value={session.directory}>
        <div className="flex h-full min-w-0 flex-col">
          <SessionHeader
            session={session}
            worker={worker}
            before={props.before}
            mark={props.mark}
            detailOpen={detail !== null}
            onToggleDetail={props.onToggleDetail}
          />
          {worker?.backend === "demo" && (
            <p className="flex items-center justify-center gap-1 border-b border-line bg-panel px-3 py-1 text-xs text-ink-2">
              {t.session.demoHint}
              <Button
                look="link"
                size="inline"
                className="text-xs underline"
                onClick={() =>
                  openDialog({ kind: "connect-agent", machineId: machine?.machineId ?? null })
                }
              >
                {t.session.connectReal}
              </Button>
            </p>
          )}
          <ForkBanner session={session} />
          <div className="flex min-h-0 flex-1">
            <SessionBody key={session.chatSessionId} session={session} worker={worker} />
            {detail === "beside" && (
              <aside
                aria-label={t.session.detail}
                className="w-80 shrink-0 border-l border-line 2xl:w-96"
              >
                {panel}
              </aside>
            )}
          </div>
        </div>
        <Sheet
          open={detail === "over"}
          onOpenChange={closeDialog}
          side="end"
          title={t.session.detail}
        >
          {panel}
        </Sheet>
      </DirectoryContext>
    </SessionStreamContext>
  );
}
