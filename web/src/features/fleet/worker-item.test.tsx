import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { Worker } from "@/shared/api/types";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { WorkerItem } from "./worker-item";

vi.mock("@/shared/nav/place", () => ({ useGo: () => () => undefined }));
afterEach(() => vi.unstubAllGlobals());

const worker = {
  workerId: "w1",
  machineId: "m1",
  name: "orchard",
  status: "online",
  presence: "online",
  models: [],
  modelsKnown: true,
  registrations: [],
  createdAt: 0,
  revision: 1,
} as unknown as Worker;

const show = (more: Partial<Worker> = {}) =>
  render(
    <QueryClientProvider
      client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
    >
      <TooltipProvider>
        <ul>
          <WorkerItem worker={{ ...worker, ...more }} />
        </ul>
      </TooltipProvider>
    </QueryClientProvider>,
  );

const row = () => screen.getByRole("button", { name: /^(?!Menu).*orchard/ });

it("says in words that nobody can tell whether it is connected", () => {
  show({ status: "offline", presence: "unknown" });
  expect(row()).toHaveTextContent("unknown");
  expect(row()).not.toHaveTextContent("offline");
  expect(
    within(row()).getByRole("img", {
      name: "Muster cannot tell right now whether it is connected.",
    }),
  ).toBeVisible();
});

it("opened, it lists word for word what the worker may do, and asks for it only then", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (request: Request) => {
    asked.push(new URL(request.url).pathname);
    return Promise.resolve(
      Response.json({
        publish: ["muster.v1.to-server.m1.w1.>"],
        subscribe: ["muster.v1.to-worker.m1.w1.>", "_INBOX.w1.>"],
      }),
    );
  });
  show();
  expect(asked).toEqual([]);
  await userEvent.setup().click(row());
  await waitFor(() => expect(screen.getByText("_INBOX.w1.>")).toBeVisible());
  expect(asked).toEqual(["/api/v1/workers/w1/permissions"]);
  const listOf = (title: string) =>
    within(screen.getByRole("heading", { name: title }).parentElement as HTMLElement)
      .getAllByRole("listitem")
      .map((item) => item.textContent);
  expect(listOf("May write to")).toEqual(["muster.v1.to-server.m1.w1.>"]);
  expect(listOf("May read from")).toEqual(["muster.v1.to-worker.m1.w1.>", "_INBOX.w1.>"]);
});

it("says why it cannot tell what the worker may do, and tries again", async () => {
  let answer = () => Response.json({ type: "/problems/internal", title: "no" }, { status: 500 });
  vi.stubGlobal("fetch", () => Promise.resolve(answer()));
  show();
  const user = userEvent.setup();
  await user.click(row());
  const again = await screen.findByRole("button", { name: "Try again" });
  answer = () => Response.json({ publish: ["one"], subscribe: [] });
  await user.click(again);
  expect(await screen.findByText("one")).toBeVisible();
});
