import { closeDialog, useOpenDialog, type OpenDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { useMediaQuery } from "@/shared/ui/use-media-query";
import { onDemand, whenIdle } from "@/shared/ui/on-demand";
import { Sheet } from "@/shared/ui/sheet";
import { useEffect, type ComponentType } from "react";
import { toast } from "sonner";
import { Place } from "./place";
import { Rail } from "./rail";
import { useAppKeys } from "./use-app-keys";

/** What lies over the page. If its code cannot be fetched, the page stays as it is. */
const over = (load: () => Promise<{ default: ComponentType }>) =>
  onDemand(load, undefined, () => {
    closeDialog();
    toast.error(t.errors.loadTitle);
  });

const FleetDialogs = over(async () => ({
  default: (await import("@/features/fleet/fleet-dialogs")).FleetDialogs,
}));
const SessionDialogs = over(async () => ({
  default: (await import("@/features/session/session-dialogs")).SessionDialogs,
}));
const Palette = over(() => import("@/features/palette/palette"));
const Shortcuts = over(() => import("@/features/palette/shortcuts"));

const soon = [FleetDialogs.preload, SessionDialogs.preload, Palette.preload, Shortcuts.preload];

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
      <Over kind={open?.kind} />
    </div>
  );
}

function Over({ kind }: { kind: OpenDialog["kind"] | undefined }) {
  switch (kind) {
    // These two are part of the page.
    case undefined:
    case "rail":
    case "detail":
      return null;
    case "palette":
      return <Palette />;
    case "shortcuts":
      return <Shortcuts />;
    default:
      return (
        <>
          <FleetDialogs />
          <SessionDialogs />
        </>
      );
  }
}
