import { Outlet } from "@tanstack/react-router";
import { useMe } from "@/shared/account/use-me";
import { useFleetSync } from "@/shared/fleet/use-fleet-sync";
import { LiveContext } from "@/shared/live/live-context";
import { liveOf } from "@/shared/live/live-of";

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
  useFleetSync();
  return null;
}
