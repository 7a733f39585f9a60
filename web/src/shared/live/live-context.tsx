import { createContext, use } from "react";
import { useStore } from "zustand";
import type { LiveClient } from "./live-client";
import type { LinkStatus } from "./messages";

export const LiveContext = createContext<LiveClient | null>(null);

export function useLive(): LiveClient {
  const live = use(LiveContext);
  if (live === null) throw new Error("useLive needs a signed-in user");
  return live;
}

export function useLinkStatus(): LinkStatus {
  return useStore(useLive().status);
}
