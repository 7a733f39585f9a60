import { useEffect, useState } from "react";
import type { AgentRequest, Part } from "@/shared/api/types";
import { useRequests } from "@/shared/fleet/use-requests";
import { useSessionStream, useSessionView } from "../stream/use-session-stream";

/** One that was asked just now comes by itself. */
const PATIENCE_MS = 1_000;

/** As the session's stream last told it, else from the inbox, else from what was asked before; `null` if it is nowhere. */
export function useRequest(requestId: string): AgentRequest | null | undefined {
  const stream = useSessionStream();
  const streamed = useSessionView((view) => view.transcript.requests[requestId]);
  const inbox = useRequests();
  const request = streamed ?? inbox.data?.find((waiting) => waiting.requestId === requestId);
  const missing = request === undefined && !inbox.isPending;
  const [nowhere, setNowhere] = useState(false);
  useEffect(() => {
    if (!missing) return undefined;
    let gone = false;
    const look = () => void stream.loadRequests().then(() => !gone && setNowhere(true));
    const timer = setTimeout(look, PATIENCE_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [missing, stream]);
  return request ?? (missing && nowhere ? null : undefined);
}

/** Whether one of these waits for the user. After a reload only the inbox tells, until it is answered. */
export function useAsks(parts: readonly Part[]): boolean {
  const streamed = useSessionView((view) => view.transcript.requests);
  const inbox = useRequests().data ?? [];
  return parts.some((part) => {
    if (!("requestId" in part)) return false;
    const { requestId } = part;
    const waiting = inbox.find((request) => request.requestId === requestId);
    return (streamed[requestId] ?? waiting)?.status === "pending";
  });
}
