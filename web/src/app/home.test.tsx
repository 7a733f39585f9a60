import { render, renderHook, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { useOpenDialog } from "@/shared/dialogs/dialog-store";
import { Home } from "./home";

const fleet = vi.hoisted(() => ({ workers: new Map<string, object[]>() }));
vi.mock("./use-needs", () => ({
  useNeeds: () => ({ registrations: [], requests: [], count: 0 }),
}));
vi.mock("@/shared/nav/place", () => ({ useGo: () => vi.fn() }));
vi.mock("@/shared/fleet/use-sessions", () => ({ useSessions: () => ({ data: [] }) }));
vi.mock("@/shared/fleet/use-machines", () => ({
  useMachines: () => ({ data: [{ machineId: "m", name: "laptop" }] }),
}));
vi.mock("@/shared/fleet/use-workers", () => ({ useAllWorkers: () => fleet.workers }));

const add = () => screen.queryByRole("button", { name: "Add worker on laptop" });

beforeEach(() => fleet.workers.clear());

it("without a worker to write to, the start leads to adding one", async () => {
  fleet.workers.set("m", [{ workerId: "w", status: "pending_authorization" }]);
  render(<Home />);
  await userEvent.click(add() as HTMLElement);
  expect(renderHook(() => useOpenDialog()).result.current).toEqual({
    kind: "create-worker",
    machineId: "m",
  });
});

it("nothing of the kind is said before the workers are known, or with one", () => {
  const { rerender } = render(<Home />);
  expect(add()).toBeNull();
  fleet.workers.set("m", [{ workerId: "w", status: "online", presence: "known" }]);
  rerender(<Home />);
  expect(add()).toBeNull();
  expect(
    screen.getByText("Pick a worker and write; the first message makes the session."),
  ).toBeVisible();
});
