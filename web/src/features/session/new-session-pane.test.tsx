import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { Machine, Model, Worker } from "@/shared/api/types";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import type { LinkStatus } from "@/shared/live/messages";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { createStore } from "zustand/vanilla";
import NewSessionPane from "./new-session-pane";

const go = vi.hoisted(() => vi.fn());
vi.mock("@/shared/nav/place", () => ({ useGo: () => go }));

afterEach(() => vi.unstubAllGlobals());

const machine = { machineId: "m1", name: "laptop" } as Machine;
const worker = (models: Model[]) =>
  ({
    workerId: "w1",
    machineId: "m1",
    name: "orchard",
    status: "online",
    presence: "known",
    models,
    modelsKnown: models.length > 0,
    registrations: [],
  }) as unknown as Worker;
const tiny = { modelId: "a/tiny", name: "Tiny", provider: "a", variants: [], input: [] } as Model;

const client = new QueryClient();
const status = createStore((): LinkStatus => ({ phase: "live", since: 0 }));
const live = { status } as unknown as LiveClient;
const pane = (models: Model[]) => (
  <QueryClientProvider client={client}>
    <LiveContext value={live}>
      <TooltipProvider>
        <NewSessionPane worker={worker(models)} machine={machine} sessions={[]} />
      </TooltipProvider>
    </LiveContext>
  </QueryClientProvider>
);

it("what is sent before the models are known goes out once they are", async () => {
  const sent: [string, unknown][] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    sent.push([new URL(request.url).pathname, await request.json()]);
    return Response.json({ chatSessionId: "s1", workerId: "w1", revision: 1 }, { status: 201 });
  });
  const user = userEvent.setup();
  const { rerender } = render(pane([]));
  await user.type(screen.getByRole("textbox", { name: "Message" }), "Hello{Enter}");
  expect(screen.getByRole("status")).toHaveTextContent("as soon as orchard has told its models");
  expect(sent).toEqual([]);
  rerender(pane([tiny]));
  await waitFor(() => expect(go).toHaveBeenCalledWith({ session: "s1" }));
  expect(sent).toEqual([
    ["/api/v1/workers/w1/sessions", { model: "a/tiny" }],
    [
      "/api/v1/sessions/s1/messages",
      expect.objectContaining({ content: "Hello", model: "a/tiny" }),
    ],
  ]);
});

it("what is written while the session is made is kept for it", async () => {
  let make = () => {};
  const made = new Promise<void>((resolve) => (make = resolve));
  vi.stubGlobal("fetch", async () => {
    await made;
    return Response.json({ chatSessionId: "s2", workerId: "w1", revision: 1 }, { status: 201 });
  });
  const user = userEvent.setup();
  render(pane([tiny]));
  const box = screen.getByRole("textbox", { name: "Message" });
  await user.type(box, "Hello{Enter} and more");
  make();
  await waitFor(() => expect(go).toHaveBeenCalledWith({ session: "s2" }));
  expect(localStorage.getItem("muster.own.draft.s2")).toBe("and more");
  expect(box).toHaveValue("");
});
