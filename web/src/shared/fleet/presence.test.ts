import { expect, it } from "vitest";
import type { Worker } from "@/shared/api/types";
import { waitHint } from "./presence";

const worker = (status: Worker["status"], presence: Worker["presence"]) =>
  ({ status, presence }) as Worker;

it.each([
  ["online", "known", null],
  ["offline", "known", "This worker is offline. Your message waits until it is back."],
  ["offline", "unknown", "Muster cannot tell right now whether it is connected."],
  ["online", "unknown", "Muster cannot tell right now whether it is connected."],
] as const)(
  "of a worker that is %s, as far as that is %s, one is told: %s",
  (status, presence, hint) => {
    expect(waitHint(worker(status, presence))).toBe(hint);
  },
);
