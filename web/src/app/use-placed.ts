import { useMemo } from "react";
import type { ChatSession, Machine, Worker } from "@/shared/api/types";
import { useMachines } from "@/shared/fleet/use-machines";
import { useSessions } from "@/shared/fleet/use-sessions";
import { isMissing, useLoadedWorkers } from "@/shared/fleet/use-workers";
import { t } from "@/shared/i18n/strings";
import { usePlace, type Place } from "@/shared/nav/place";

export type Placed = { key: string } & (
  | { kind: "loading" }
  | { kind: "error"; error: unknown; retry: () => void }
  | { kind: "empty" }
  | { kind: "home" }
  | { kind: "machine"; machine: Machine }
  | { kind: "worker"; worker: Worker; machine: Machine; sessions: readonly ChatSession[] }
  | {
      kind: "session";
      session: ChatSession;
      worker: Worker | undefined;
      machine: Machine | undefined;
    }
  | { kind: "gone"; notice: string; fallback: Place }
);

/** Finds what the address names among what exists. */
export function usePlaced(): Placed {
  const { machine: machineId, worker: workerId, session: sessionId } = usePlace();
  const machines = useMachines();
  const sessions = useSessions();
  const { workers, error, retry } = useLoadedWorkers(machines.data ?? []);
  return useMemo((): Placed => {
    const key = [machineId, workerId, sessionId].join(" ");
    if (isMissing(machines))
      return { key, kind: "error", error: machines.error, retry: () => void machines.refetch() };
    if (machines.data === undefined) return { key, kind: "loading" };
    const machine = machines.data.find((m) => m.machineId === machineId);
    const all = [...workers.values()].flat();
    const known = workers.size === machines.data.length;
    if (sessionId !== undefined) {
      if (isMissing(sessions))
        return { key, kind: "error", error: sessions.error, retry: () => void sessions.refetch() };
      if (sessions.data === undefined) return { key, kind: "loading" };
      const session = sessions.data.find((s) => s.chatSessionId === sessionId);
      if (session !== undefined) {
        const worker = all.find((w) => w.workerId === session.workerId);
        const on = machines.data.find((m) => m.machineId === worker?.machineId);
        return { key, kind: "session", session, worker, machine: on };
      }
      const fallback = workerId === undefined ? {} : { machine: machineId, worker: workerId };
      return { key, kind: "gone", notice: t.session.gone, fallback };
    }
    if (workerId !== undefined) {
      const worker = all.find((w) => w.workerId === workerId);
      const on = machines.data.find((m) => m.machineId === worker?.machineId);
      if (worker !== undefined && on !== undefined) {
        const own = (sessions.data ?? []).filter((s) => s.workerId === workerId);
        return { key, kind: "worker", worker, machine: on, sessions: own };
      }
      if (error !== null) return { key, kind: "error", error, retry };
      if (!known) return { key, kind: "loading" };
      return {
        key,
        kind: "gone",
        notice: t.worker.gone,
        fallback: { machine: machine?.machineId },
      };
    }
    if (machine !== undefined) return { key, kind: "machine", machine };
    if (machineId !== undefined) return { key, kind: "gone", notice: t.machine.gone, fallback: {} };
    return { key, kind: machines.data.length === 0 ? "empty" : "home" };
  }, [machines, sessions, workers, error, retry, machineId, workerId, sessionId]);
}
