import type { ChatSession, Machine, Worker } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import type { DotLook } from "@/shared/ui/dot";

type WorkerState = Worker["status"] | "unknown";

/** When the registry itself cannot tell, the page says so instead of "offline". */
export function stateOf(worker: Worker): WorkerState {
  const approved = worker.status !== "pending_authorization";
  return approved && worker.presence === "unknown" ? "unknown" : worker.status;
}

const dots: Record<WorkerState, DotLook> = {
  pending_authorization: "wait",
  ready: "ready",
  online: "live",
  offline: "off",
  unknown: "off",
};

export function workerPresence(worker: Worker): { look: DotLook; label: string; hint: string } {
  const state = stateOf(worker);
  return {
    look: dots[state],
    label: t.worker.status[state],
    hint: t.worker.statusHint[state],
  };
}

export function machinePresence(machine: Machine): { look: DotLook; label: string } {
  return machine.status === "online"
    ? { look: "live", label: t.machine.online }
    : { look: "off", label: t.machine.offline };
}

/** What whoever writes to a worker is told of it; nothing while it is there. */
export function waitHint(worker: Worker): string | null {
  const state = stateOf(worker);
  if (state === "online") return null;
  return state === "unknown" ? t.worker.statusHint.unknown : t.worker.offlineHint;
}

/** Green for what can be written to at once, whether it works or rests. */
export function sessionPresence(session: ChatSession): { look: DotLook; label: string } {
  if (session.activity === "needs_you")
    return { look: "wait", label: t.session.activity.needs_you };
  if (session.status === "terminated") return { look: "off", label: t.session.state.terminated };
  if (session.storageFull) return { look: "wait", label: t.session.storageFull };
  const label = session.activity === "working" ? t.session.activity.working : "";
  return { look: "live", label: label || t.session.state[session.status] };
}

export const nameOf = (worker: Worker) => worker.name?.trim() || t.worker.unnamed;
export const titleOf = (session: ChatSession) => session.title.trim() || t.session.untitled;
export const isApproved = (worker: Worker) => worker.status !== "pending_authorization";
