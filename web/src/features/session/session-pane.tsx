import { useState, type ReactNode } from "react";
import type { ChatSession, Machine, Worker } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { useMediaQuery } from "@/shared/ui/use-media-query";
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
  detailOpen: boolean;
  onDetail: (open: boolean) => void;
}

export default function SessionPane(props: SessionPaneProps) {
  const { session, worker, machine, detailOpen, onDetail } = props;
  const stream = useSessionStreamOf(session.chatSessionId);
  const wide = useMediaQuery("(min-width: 1100px)");
  const [sheet, setSheet] = useState(false);
  const detail = <DetailPanel session={session} worker={worker} />;
  return (
    <SessionStreamContext value={stream}>
      <DirectoryContext value={session.directory}>
        <div className="flex h-full min-w-0 flex-col">
          <SessionHeader
            session={session}
            worker={worker}
            before={props.before}
            mark={props.mark}
            detailOpen={wide ? detailOpen : sheet}
            onToggleDetail={() => (wide ? onDetail(!detailOpen) : setSheet(true))}
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
            {wide && detailOpen && (
              <aside
                aria-label={t.session.detail}
                className="w-80 shrink-0 border-l border-line 2xl:w-96"
              >
                {detail}
              </aside>
            )}
          </div>
        </div>
        {!wide && (
          <Sheet open={sheet} onOpenChange={setSheet} side="end" title={t.session.detail}>
            {detail}
          </Sheet>
        )}
      </DirectoryContext>
    </SessionStreamContext>
  );
}
