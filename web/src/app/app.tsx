import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { meQuery } from "@/shared/account/use-me";
import type { Machine } from "@/shared/api/types";
import { machinesQuery } from "@/shared/fleet/use-machines";
import { requestsQuery } from "@/shared/fleet/use-requests";
import { sessionsQuery } from "@/shared/fleet/use-sessions";
import { workersQuery } from "@/shared/fleet/use-workers";
import { liveOf } from "@/shared/live/live-of";
import { Toasts } from "@/shared/ui/toasts";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { queryClient } from "./query-client";
import { router } from "./router";
import { withinAMoment } from "./within-a-moment";

/** The app, once it knows what its address shows: what it finds out only later is rendered in one go. */
export async function ready(): Promise<typeof App> {
  await router.load();
  const me = queryClient.getQueryData(meQuery.queryKey);
  if (me !== undefined && location.pathname === "/app") await withinAMoment(firstLists(me.userId));
  return App;
}

/** What the rail and the start show: what came only after them would push aside what is there. */
function firstLists(userId: string) {
  const live = liveOf(userId);
  const workersOf = ({ machineId }: Machine) => queryClient.query(workersQuery(live, machineId));
  return [
    queryClient.query(machinesQuery(live)).then((all) => Promise.all(all.map(workersOf))),
    queryClient.query(sessionsQuery(live)),
    queryClient.query(requestsQuery(live)),
  ];
}

function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <TooltipProvider delayDuration={400}>
        <RouterProvider router={router} />
        <Toasts />
      </TooltipProvider>
    </QueryClientProvider>
  );
}
