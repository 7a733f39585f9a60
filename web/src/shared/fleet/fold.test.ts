import { describe, expect, it } from "vitest";
import type { Machine, Worker } from "@/shared/api/types";
import { foldMachines, foldWorkers } from "./fold";

const machine = (name: string, revision: number): Machine => ({
  machineId: "m1",
  name,
  userId: "u1",
  status: "offline",
  lastSeen: null,
  lastHeartbeat: null,
  assistantCount: 0,
  workerCounts: { online: 0, offline: 0, pending: 0 },
  hidden: false,
  createdAt: 1,
  revision,
});

const worker: Worker = {
  workerId: "w1",
  machineId: "m1",
  status: "pending_authorization",
  userId: "u1",
  presence: "known",
  createdAt: 1,
  models: [],
  modelsKnown: false,
  registrations: [],
  revision: 1,
};

const registration = {
  workerId: "w1",
  machineId: "m1",
  revision: 2,
  fingerprint: "f1",
  hostname: "h",
  osUser: "o",
  directory: "/",
  version: "1",
  backend: "demo",
  requestedAt: 1,
  mismatch: false,
};

describe("lists under events", () => {
  it("take a newer object and ignore an older one", () => {
    const list = [machine("now", 5)];
    expect(foldMachines(list, { event: "machine", data: machine("old", 4) })).toBe(list);
    expect(foldMachines(list, { event: "machine", data: machine("new", 6) })[0]?.name).toBe("new");
  });

  it("lose what was removed", () => {
    const gone = { event: "removed", data: { entity: "machine", id: "m1" } } as const;
    expect(foldMachines([machine("a", 1)], gone)).toEqual([]);
    expect(foldWorkers("m1", [worker], gone)).toEqual([]);
  });

  it("put a registration to its worker, and take it away again", () => {
    const asked = foldWorkers("m1", [worker], { event: "registration", data: registration });
    expect(asked[0]?.registrations).toEqual([registration]);
    const gone = { event: "removed", data: { entity: "registration", id: "f1" } } as const;
    expect(foldWorkers("m1", asked, gone)[0]?.registrations).toEqual([]);
  });
});
