import { useEffect } from "react";
import { toast } from "@/shared/ui/toast";
import { MachineEmptyState } from "@/features/fleet/machine-empty-state";
import { askAhead } from "@/shared/api/asked-ahead";
import { newestPage } from "@/shared/api/newest-page";
import { closeDialog, openDialog } from "@/shared/dialogs/dialog-store";
import { nameOf } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { LoadError } from "@/shared/ui/load-error";
import { fetchSoon, onDemand, whenIdle } from "@/shared/ui/on-demand";
import { DrawerButton } from "./drawer-button";
import { Home } from "./home";
import { LinkMark } from "./link-mark";
import { Pane } from "./pane";
import { PlaceSkeleton } from "./place-skeleton";
import { toggleDetail, useDetailOpen } from "./use-detail-open";
import { usePlaced } from "./use-placed";

const SessionPane = onDemand(() => import("@/features/session/session-pane"), PlaceSkeleton);
const MachinePage = onDemand(async () => ({
  default: (await import("@/features/fleet/machine-page")).MachinePage,
}));
const NewSessionPane = onDemand(() => import("@/features/session/new-session-pane"));

/** Markdown alone is half of what a session needs: by itself, it holds up no tap for long. */
const soon = [
  () => import("@/features/session/reply/markdown"),
  SessionPane.preload,
  NewSessionPane.preload,
  MachinePage.preload,
];

/** What the address leads to. An address that leads nowhere (any more) falls back, with a notice. */
export function Place({ phone }: { phone: boolean }) {
  const placed = usePlaced();
  const go = useGo();
  const detail = useDetailOpen();
  useEffect(() => {
    if (placed.kind !== "gone") return;
    // The same news may come again before the address has changed.
    toast(placed.notice, { id: placed.key });
    go(placed.fallback, { replace: true });
  }, [placed, go]);
  useEffect(() => closeDialog(), [placed.key]);
  const session = placed.kind === "session" ? placed.session.chatSessionId : undefined;
  useEffect(() => {
    // Its messages come while the code that shows them does.
    if (session !== undefined && !SessionPane.isThere()) askAhead(newestPage(session));
  }, [session]);
  const settled = placed.kind !== "loading";
  useEffect(() => {
    if (!settled) return undefined;
    fetchSoon();
    return whenIdle(soon);
  }, [settled]);

  const frame = { before: phone && <DrawerButton />, mark: <LinkMark /> };
  switch (placed.kind) {
    case "loading":
    case "gone":
      return <PlaceSkeleton {...frame} />;
    case "error":
      return (
        <Pane title="" {...frame}>
          <LoadError error={placed.error} onRetry={placed.retry} />
        </Pane>
      );
    case "empty":
      return (
        <Pane title={t.home.title} {...frame}>
          <MachineEmptyState onAdd={() => openDialog({ kind: "create-machine" })} />
        </Pane>
      );
    case "home":
      return (
        <Pane title={t.home.title} {...frame}>
          <Home />
        </Pane>
      );
    case "machine":
      return (
        <Pane title={placed.machine.name} {...frame}>
          <MachinePage machine={placed.machine} />
        </Pane>
      );
    case "worker":
      return (
        <Pane title={nameOf(placed.worker)} {...frame}>
          <NewSessionPane
            key={placed.worker.workerId}
            worker={placed.worker}
            machine={placed.machine}
            sessions={placed.sessions}
          />
        </Pane>
      );
    case "session":
      return (
        <SessionPane
          session={placed.session}
          worker={placed.worker}
          machine={placed.machine}
          {...frame}
          detail={detail}
          onToggleDetail={toggleDetail}
        />
      );
  }
}
