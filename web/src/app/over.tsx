import { useEffect, type ComponentType } from "react";
import { toast } from "@/shared/ui/toast";
import { closeDialog, useOpenDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { onDemand, whenIdle } from "@/shared/ui/on-demand";

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
const SignOutDialog = over(() => import("./sign-out-dialog"));

const soon = [FleetDialogs.preload, SessionDialogs.preload, Palette.preload, Shortcuts.preload];

/** The dialogs that any page behind the sign-in can open. */
export function Over() {
  const kind = useOpenDialog()?.kind;
  useEffect(() => whenIdle(soon), []);
  switch (kind) {
    // These two are part of the app's page.
    case undefined:
    case "rail":
    case "detail":
      return null;
    case "palette":
      return <Palette />;
    case "shortcuts":
      return <Shortcuts />;
    case "sign-out":
      return <SignOutDialog />;
    default:
      return (
        <>
          <FleetDialogs />
          <SessionDialogs />
        </>
      );
  }
}
