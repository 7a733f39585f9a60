import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { AgentRequest, ChatSession, Machine, Worker } from "@/shared/api/types";
import { useLive } from "@/shared/live/live-context";
import {
  asUserEvent,
  foldMachines,
  foldRequests,
  foldSessions,
  foldWorkers,
  type UserEvent,
} from "./fold";

/** Keeps the fetched lists equal to what the user stream says. */
export function useFleetSync(): void {
  const live = useLive();
  const client = useQueryClient();
  useEffect(() => {
    const stopFrames = live.onUserFrame((frame) => applyUserEvent(client, asUserEvent(frame)));
    const stopRefetch = live.onRefetch(() => void client.invalidateQueries());
    return () => {
      stopFrames();
      stopRefetch();
    };
  }, [live, client]);
}

export function applyUserEvent(client: QueryClient, event: UserEvent): void {
  client.setQueryData<readonly Machine[]>(["machines"], (l) => l && foldMachines(l, event));
  client.setQueryData<readonly ChatSession[]>(["sessions"], (l) => l && foldSessions(l, event));
  client.setQueryData<readonly AgentRequest[]>(["requests"], (l) => l && foldRequests(l, event));
  for (const [key] of client.getQueriesData<readonly Worker[]>({ queryKey: ["workers"] }))
    client.setQueryData<readonly Worker[]>(key, (l) => l && foldWorkers(String(key[1]), l, event));
}
