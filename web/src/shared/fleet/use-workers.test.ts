import { expect, it } from "vitest";
import type { Worker } from "@/shared/api/types";
import { lookAgain } from "./use-workers";

const worker: Worker = {
  workerId: "w1",
  machineId: "m1",
  status: "online",
  userId: "u1",
  presence: "known",
  createdAt: 1,
  models: [],
  modelsKnown: false,
  registrations: [],
  revision: 1,
};

it("looks again while it cannot be told whether a worker is there, and not otherwise", () => {
  expect(lookAgain(undefined)).toBe(false);
  expect(lookAgain([worker])).toBe(false);
  expect(lookAgain([worker, { ...worker, presence: "unknown" }])).toBeGreaterThan(0);
  expect(
    lookAgain([{ ...worker, presence: "unknown", status: "pending_authorization" }]),
    "one that was never let in is not missing",
  ).toBe(false);
});
