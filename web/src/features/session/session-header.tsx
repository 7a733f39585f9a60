import { PanelRight } from "lucide-react";
import type { ReactNode } from "react";
import type { ChatSession, Worker } from "@/shared/api/types";
import { nameOf, titleOf, workerPresence } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { Dot } from "@/shared/ui/dot";
import { IconButton } from "@/shared/ui/icon-button";
import { PageTitle } from "@/shared/ui/page-title";
import { SessionMenu } from "./session-menu";
import { SharedMark } from "./shared-mark";

interface SessionHeaderProps {
  session: ChatSession;
  worker: Worker | undefined;
  detailOpen: boolean;
  onToggleDetail: () => void;
  before: ReactNode;
  mark: ReactNode;
}

export function SessionHeader(props: SessionHeaderProps) {
  const { session, worker, detailOpen } = props;
  const go = useGo();
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-2 md:px-4">
      <PageTitle of={titleOf(session)} />
      {props.before}
      <h1 className="min-w-0 truncate font-semibold tracking-[-0.005em]">{titleOf(session)}</h1>
      <span className="hidden min-w-0 shrink truncate text-xs text-ink-3 lg:block">
        {session.model}
      </span>
      <span className="flex-1" />
      {worker !== undefined && (
        <button
          type="button"
          onClick={() => go({ machine: worker.machineId, worker: worker.workerId })}
          className="hidden h-7 max-w-48 shrink-0 items-center gap-1.5 rounded-md border border-line px-2 text-xs text-ink-2 hover:bg-hover sm:flex"
        >
          <Dot {...workerPresence(worker)} className="size-1.5" />
          <span className="truncate">{nameOf(worker)}</span>
        </button>
      )}
      <SharedMark session={session} />
      {props.mark}
      <IconButton
        label={detailOpen ? t.session.hideDetail : t.session.showDetail}
        aria-pressed={detailOpen}
        onClick={props.onToggleDetail}
      >
        <PanelRight />
      </IconButton>
      <SessionMenu session={session} />
    </header>
  );
}
