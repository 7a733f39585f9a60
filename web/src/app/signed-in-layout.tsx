import { Outlet, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useMe } from "@/shared/account/use-me";
import { useFleetSync } from "@/shared/fleet/use-fleet-sync";
import { LiveContext } from "@/shared/live/live-context";
import { liveOf } from "@/shared/live/live-of";
import { followNotices } from "@/shared/notices/notices";

/** Behind the sign-in, everything can reach the live connection. */
export function SignedInLayout() {
  return (
    <LiveContext value={liveOf(useMe().userId)}>
      <FleetSync />
      <Outlet />
    </LiveContext>
  );
}

function FleetSync() {
  const { history } = useRouter();
  useFleetSync();
  useEffect(() => followNotices((place) => history.push(place)), [history]);
  return null;
}
