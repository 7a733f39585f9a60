import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Registration } from "@/shared/api/types";
import { RegistrationBatch } from "./registration-batch";

const user = userEvent.setup();
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname} ${await request.text()}`);
    return pathname.endsWith("approve")
      ? Response.json({ workerId: "w", machineId: "m", registrations: [] })
      : new Response(null, { status: 204 });
  });
});
afterEach(() => vi.unstubAllGlobals());

const asks = (workerId: string, fingerprint: string, mismatch = false) => ({
  registration: { workerId, machineId: "m", fingerprint, mismatch } as Registration,
  name: workerId,
});

function show(...asking: ReturnType<typeof asks>[]) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RegistrationBatch asking={asking} />
    </QueryClientProvider>,
  );
  return screen.getByRole("group", { name: `${asking.length} workers ask to join` });
}

it("approves all that ask, each with the key that was seen", async () => {
  const bar = show(asks("w1", "k1"), asks("w2", "k2"));
  await user.click(within(bar).getByRole("button", { name: "Approve all" }));
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked).toEqual([
    'POST /api/v1/workers/w1/approve {"fingerprint":"k1"}',
    'POST /api/v1/workers/w2/approve {"fingerprint":"k2"}',
  ]);
});

it("approves neither another key of an approved worker nor one of several keys", async () => {
  const bar = show(
    asks("w1", "k1"),
    asks("w2", "k2"),
    asks("w3", "k3", true),
    asks("w4", "k4"),
    asks("w4", "k5"),
  );
  await user.click(within(bar).getByRole("button", { name: "Approve all" }));
  await waitFor(() => expect(within(bar).getByRole("status")).toBeEmptyDOMElement());
  expect(asked.map((what) => what.split(" ")[1])).toEqual([
    "/api/v1/workers/w1/approve",
    "/api/v1/workers/w2/approve",
  ]);
});

it("rejects all only after asking", async () => {
  const bar = show(asks("w1", "k1"), asks("w2", "k2", true));
  expect(within(bar).queryByRole("button", { name: "Approve all" })).toBeNull();
  await user.click(within(bar).getByRole("button", { name: "Reject all" }));
  expect(asked).toEqual([]);
  const dialog = screen.getByRole("alertdialog", { name: "Reject 2 workers?" });
  await user.click(within(dialog).getByRole("button", { name: "Reject all" }));
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked).toEqual([
    "POST /api/v1/workers/w1/reject {}",
    "DELETE /api/v1/workers/w2/registrations/k2 ",
  ]);
});
