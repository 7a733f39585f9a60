import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { DeviceSettings } from "./device-settings";

afterEach(() => vi.unstubAllGlobals());

it("a list that cannot be had says why, and is asked for again", async () => {
  const problem = { type: "about:blank", title: "Broken", detail: "The database is gone." };
  const device = { deviceId: "d", agent: "", address: "192.0.2.1", createdAt: 0, current: true };
  const answers = [
    Response.json(problem, { status: 503 }),
    Response.json({ items: [device], nextCursor: null }),
  ];
  vi.stubGlobal("fetch", () => Promise.resolve(answers.shift()));
  render(
    <QueryClientProvider
      client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
    >
      <DeviceSettings />
    </QueryClientProvider>,
  );
  expect(await screen.findByText("The database is gone.")).toBeVisible();
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("192.0.2.1")).toBeVisible();
});
