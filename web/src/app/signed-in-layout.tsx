import { Outlet, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useSendWaiting } from "@/features/session/composer/use-send-message";
import { useOpenDialog } from "@/shared/dialogs/dialog-store";
import { useMe } from "@/shared/account/use-me";
import { useFleetSync } from "@/shared/fleet/use-fleet-sync";
import { LiveContext } from "@/shared/live/live-context";
import { liveOf } from "@/shared/live/live-of";
import { followNotices } from "@/shared/notices/notices";
import { onDemand } from "@/shared/ui/on-demand";
import { NeedsAnnouncer } from "./needs-announcer";

const SignOutDialog = onDemand(() => import("./sign-out-dialog"));

/** Behind the sign-in, everything can reach the live connection. */
export function SignedInLayout() {
  return (
    <LiveContext value={liveOf(useMe().userId)}>
      <InStep />
      <NeedsAnnouncer />
      <Outlet />
      {useOpenDialog()?.kind === "sign-out" && <SignOutDialog />}
    </LiveContext>
  );
}

/** What goes on for as long as somebody is signed in, whatever is shown. */
function InStep() {
  const { history } = useRouter();
  const { userId } = useMe();
  useFleetSync();
  useSendWaiting();
  useEffect(() => followNotices(userId, (place) => history.push(place)), [userId, history]);
  return null;
}
