import type { AgentRequest, ChatSession, Machine, Registration, Worker } from "@/shared/api/types";
import type { Frame } from "@/shared/live/frame";

/** Frames of the user stream, by what they carry. */
export type UserEvent =
  | { event: "machine"; data: Machine }
  | { event: "worker"; data: Worker }
  | { event: "registration"; data: Registration }
  | { event: "session"; data: ChatSession }
  | { event: "request"; data: AgentRequest }
  | { event: "removed"; data: { entity: string; id: string } };

export function asUserEvent(frame: Frame): UserEvent {
  return { event: frame.event, data: frame.data } as UserEvent;
}

export function foldMachines(list: readonly Machine[], e: UserEvent): readonly Machine[] {
  if (e.event === "machine") return upsert(list, e.data, (m) => m.machineId);
  const gone = removedId(e, "machine");
  return without(list, (m) => m.machineId === gone);
}

export function foldWorkers(
  machineId: string,
  list: readonly Worker[],
  e: UserEvent,
): readonly Worker[] {
  if (e.event === "worker" && e.data.machineId === machineId)
    return upsert(list, e.data, (w) => w.workerId);
  if (e.event === "registration" && e.data.machineId === machineId)
    return withRegistration(list, e.data);
  if (removedId(e, "machine") === machineId) return [];
  const registration = removedId(e, "registration");
  if (registration !== undefined) return withoutRegistration(list, registration);
  const gone = removedId(e, "worker");
  return without(list, (w) => w.workerId === gone);
}

export function foldSessions(list: readonly ChatSession[], e: UserEvent): readonly ChatSession[] {
  if (e.event === "session") return upsert(list, e.data, (s) => s.chatSessionId);
  const gone = removedId(e, "session");
  return without(list, (s) => s.chatSessionId === gone);
}

/** Only what still waits for an answer is kept. */
export function foldRequests(list: readonly AgentRequest[], e: UserEvent): readonly AgentRequest[] {
  if (e.event === "request") {
    const rest = without(list, (r) => r.requestId === e.data.requestId);
    return e.data.status === "pending" ? upsert(list, e.data, (r) => r.requestId) : rest;
  }
  const gone = removedId(e, "request");
  const session = removedId(e, "session");
  return without(list, (r) => r.requestId === gone || r.chatSessionId === session);
}

/** An object with a lower revision than the one held is older news, and ignored. */
function upsert<T extends { revision: number }>(
  list: readonly T[],
  item: T,
  idOf: (item: T) => string,
): readonly T[] {
  const at = list.findIndex((held) => idOf(held) === idOf(item));
  const held = list[at];
  if (held === undefined) return [...list, item];
  return held.revision > item.revision ? list : list.with(at, item);
}

function without<T>(list: readonly T[], gone: (item: T) => boolean): readonly T[] {
  return list.some(gone) ? list.filter((item) => !gone(item)) : list;
}

function withRegistration(list: readonly Worker[], r: Registration): readonly Worker[] {
  return list.map((w) =>
    w.workerId === r.workerId
      ? { ...w, registrations: [...upsert(w.registrations, r, (x) => x.fingerprint)] }
      : w,
  );
}

function withoutRegistration(list: readonly Worker[], id: string): readonly Worker[] {
  const gone = (w: Worker, r: Registration) =>
    r.fingerprint === id || `${w.workerId}:${r.fingerprint}` === id;
  return list.map((w) =>
    w.registrations.some((r) => gone(w, r))
      ? { ...w, registrations: w.registrations.filter((r) => !gone(w, r)) }
      : w,
  );
}

function removedId(e: UserEvent, entity: string): string | undefined {
  return e.event === "removed" && e.data.entity === entity ? e.data.id : undefined;
}
