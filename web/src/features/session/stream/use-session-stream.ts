import { createContext, use, useEffect } from "react";
import { useStore } from "zustand";
import { useLive } from "@/shared/live/live-context";
import { ownPages, SessionStream, type SessionView } from "./session-stream";

/** Enough to switch to and fro without fetching; the oldest is forgotten first. */
const KEPT = 12;
const streams = new Map<string, SessionStream>();

function streamOf(sessionId: string): SessionStream {
  const stream = streams.get(sessionId) ?? new SessionStream(sessionId, ownPages(sessionId));
  streams.delete(sessionId);
  streams.set(sessionId, stream);
  const oldest = streams.keys().next().value;
  if (streams.size > KEPT && oldest !== undefined) streams.delete(oldest);
  return stream;
}

export const SessionStreamContext = createContext<SessionStream | null>(null);

/** The one place where a session's stream is opened and closed. */
export function useSessionStreamOf(sessionId: string): SessionStream {
  const live = useLive();
  const stream = streamOf(sessionId);
  useEffect(() => stream.attach(live), [stream, live]);
  return stream;
}

/** Whether what is shown is somebody else's, or nobody's who is signed in: then there is nothing to do about it. */
export const ReadOnlyContext = createContext(false);

export function useSessionStream(): SessionStream {
  const stream = use(SessionStreamContext);
  if (stream === null) throw new Error("useSessionStream needs a SessionStreamContext");
  return stream;
}

export function useSessionView<T>(select: (view: SessionView) => T): T {
  return useStore(useSessionStream().store, select);
}
