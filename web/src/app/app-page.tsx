import { useOpenDialog, closeDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { useMediaQuery } from "@/shared/ui/use-media-query";
import { onDemand, whenIdle } from "@/shared/ui/on-demand";
import { Sheet } from "@/shared/ui/sheet";
import { lazy, Suspense, useEffect } from "react";
import { Place } from "./place";
import { Rail } from "./rail";
import { useAppKeys } from "./use-app-keys";

const FleetDialogs = onDemand(async () => ({
  default: (await import("@/features/fleet/fleet-dialogs")).FleetDialogs,
}));
const SessionDialogs = onDemand(async () => ({
  default: (await import("@/features/session/session-dialogs")).SessionDialogs,
}));
const Palette = lazy(() => import("@/features/palette/palette"));
const Shortcuts = lazy(() => import("@/features/palette/shortcuts"));

const soon = [FleetDialogs.preload, SessionDialogs.preload];

/** Rail, session and detail beside each other; on a phone the rail is a drawer. */
export function AppPage() {
  const wide = useMediaQuery("(min-width: 768px)");
  const open = useOpenDialog();
  useAppKeys();
  useEffect(() => whenIdle(soon), []);
  return (
    <div className="flex h-full">
      {wide ? (
        <div className="w-66 shrink-0 border-r border-line 2xl:w-72">
          <Rail />
        </div>
      ) : (
        <Sheet
          open={open?.kind === "rail"}
          onOpenChange={closeDialog}
          side="start"
          title={t.rail.label}
        >
          <Rail />
        </Sheet>
      )}
      <main className="min-w-0 flex-1">
        <Place phone={!wide} />
      </main>
      {open !== null && <FleetDialogs />}
      {open !== null && <SessionDialogs />}
      <Suspense>
        {open?.kind === "palette" && <Palette />}
        {open?.kind === "shortcuts" && <Shortcuts />}
      </Suspense>
    </div>
  );
}
