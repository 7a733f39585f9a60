import { Outlet, useLocation, useRouter } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";
import { useSendWaiting } from "@/features/session/composer/use-send-message";
import { closeDialog } from "@/shared/dialogs/dialog-store";
import { useMe } from "@/shared/account/use-me";
import { useFleetSync } from "@/shared/fleet/use-fleet-sync";
import { LiveContext } from "@/shared/live/live-context";
import { liveOf } from "@/shared/live/live-of";
import { followNotices } from "@/shared/notices/notices";
import { TitleCount } from "@/shared/ui/page-title";
import { NeedsAnnouncer } from "./needs-announcer";
import { Over } from "./over";
import { useAppKeys } from "./use-app-keys";
import { NeedsContext, useFoundNeeds } from "./use-needs";

/** Behind the sign-in, everything can reach the live connection, and every page has the same keys. */
export function SignedInLayout() {
  return (
    <LiveContext value={liveOf(useMe().userId)}>
      <InStep />
      <WithNeeds>
        <NeedsAnnouncer />
        <Outlet />
      </WithNeeds>
      <Over />
    </LiveContext>
  );
}

/** What goes on for as long as somebody is signed in, whatever is shown. */
function InStep() {
  const { history } = useRouter();
  const { userId } = useMe();
  const path = useLocation({ select: ({ pathname }) => pathname });
  useFleetSync();
  useSendWaiting();
  useAppKeys();
  useEffect(() => followNotices(userId, (place) => history.push(place)), [userId, history]);
  // What lay over one page has no place over the next.
  useEffect(() => closeDialog(), [path]);
  return null;
}

/** Every tab's title begins with how much needs the user: it is all that is seen of a tab behind others. */
function WithNeeds({ children }: { children: ReactNode }) {
  const needs = useFoundNeeds();
  return (
    <NeedsContext value={needs}>
      <TitleCount value={needs.count}>{children}</TitleCount>
    </NeedsContext>
  );
}
