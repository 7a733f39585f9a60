import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { AgentRequest, ChatSession, Machine, Worker } from "@/shared/api/types";
import type { LiveClient } from "@/shared/live/live-client";
import { useLive } from "@/shared/live/live-context";
import { shown } from "@/shared/ui/on-demand";
import {
  asUserEvent,
  foldMachines,
  foldRequests,
  foldSessions,
  foldWorkers,
  type UserEvent,
} from "./fold";

const followed = new WeakSet<LiveClient>();

/** Keeps the fetched lists equal to what the user stream says, for as long as that is heard. */
function followFleet(live: LiveClient, client: QueryClient): void {
  if (followed.has(live)) return;
  followed.add(live);
  live.onUserFrame((frame) => applyUserEvent(client, asUserEvent(frame)));
  live.onRefetch(() => void client.invalidateQueries());
}

export function useFleetSync(): void {
  const live = useLive();
  const client = useQueryClient();
  useEffect(() => {
    followFleet(live, client);
    void shown().then(() => live.connect());
  }, [live, client]);
}

export function applyUserEvent(client: QueryClient, event: UserEvent): void {
  client.setQueryData<readonly Machine[]>(["machines"], (l) => l && foldMachines(l, event));
  client.setQueryData<readonly ChatSession[]>(["sessions"], (l) => l && foldSessions(l, event));
  client.setQueryData<readonly AgentRequest[]>(["requests"], (l) => l && foldRequests(l, event));
  for (const [key] of client.getQueriesData<readonly Worker[]>({ queryKey: ["workers"] }))
    client.setQueryData<readonly Worker[]>(key, (l) => l && foldWorkers(String(key[1]), l, event));
}
