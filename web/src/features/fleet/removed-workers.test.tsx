import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import type { ChatSession, Machine } from "@/shared/api/types";
import { RemovedWorkers } from "./removed-workers";

const loaded = vi.hoisted(() => new Map<string, { workerId: string }[]>());
vi.mock("@/shared/nav/place", () => ({ useGo: () => vi.fn(), usePlace: () => ({}) }));
vi.mock("@/shared/fleet/use-workers", () => ({ useAllWorkers: () => loaded }));

const session = (title: string, workerId: string) =>
  ({ chatSessionId: title, title, workerId, status: "terminated", lastActivity: 0 }) as ChatSession;
const sessions = [session("of one that is here", "w1"), session("of one that is gone", "w2")];
const list = (...machines: string[]) => (
  <RemovedWorkers
    machines={machines.map((machineId) => ({ machineId }) as Machine)}
    sessions={sessions}
  />
);

it("sessions without a worker are folded below a name of their own, once that is sure", async () => {
  const { rerender } = render(list("m1"));
  const fold = () => screen.queryByRole("button", { name: "Removed workers" });
  expect(fold()).toBeNull();
  loaded.set("m1", [{ workerId: "w1" }, { workerId: "w2" }]);
  rerender(list("m1"));
  expect(fold()).toBeNull();
  loaded.set("m1", [{ workerId: "w1" }]);
  rerender(list("m1"));
  await userEvent.setup().click(fold() as HTMLElement);
  expect(screen.getByText("of one that is gone")).toBeVisible();
  expect(screen.queryByText("of one that is here")).toBeNull();
});

it("without a machine, all that is left is there", async () => {
  loaded.clear();
  render(list());
  await userEvent.setup().click(screen.getByRole("button", { name: "Removed workers" }));
  expect(screen.getByText("of one that is here")).toBeVisible();
});
