import { FleetDialogs } from "@/features/fleet/fleet-dialogs";
import { SessionDialogs } from "@/features/session/session-dialogs";
import { useOpenDialog, closeDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { useMediaQuery } from "@/shared/ui/use-media-query";
import { Sheet } from "@/shared/ui/sheet";
import { lazy, Suspense } from "react";
import { Place } from "./place";
import { Rail } from "./rail";
import { useAppKeys } from "./use-app-keys";

const Palette = lazy(() => import("@/features/palette/palette"));
const Shortcuts = lazy(() => import("@/features/palette/shortcuts"));

/** Rail, session and detail beside each other; on a phone the rail is a drawer. */
export function AppPage() {
  const wide = useMediaQuery("(min-width: 768px)");
  const open = useOpenDialog();
  useAppKeys();
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
      <FleetDialogs />
      <SessionDialogs />
      <Suspense>
        {open?.kind === "palette" && <Palette />}
        {open?.kind === "shortcuts" && <Shortcuts />}
      </Suspense>
    </div>
  );
}
