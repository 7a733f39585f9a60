import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { Worker } from "@/shared/api/types";
import { RestrictionNotice } from "./restriction-notice";

afterEach(() => vi.unstubAllGlobals());

const show = (restriction?: Worker["restriction"]) =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RestrictionNotice worker={{ workerId: "w1", restriction } as Worker} />
    </QueryClientProvider>,
  );

it("says nothing of a worker with nothing in its way", () => {
  show();
  expect(screen.queryByRole("status")).toBeNull();
});

it("says that a full storage needs nobody's help", () => {
  show("storage_full");
  expect(screen.getByRole("status")).toHaveTextContent("goes on by itself");
  expect(screen.queryByRole("button")).toBeNull();
});

it("lets the owner admit a worker again that was cut off", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return Promise.resolve(Response.json({ workerId: "w1", revision: 2 }));
  });
  show("cut_off");
  await userEvent.setup().click(screen.getByRole("button", { name: "Let it in again" }));
  await waitFor(() => expect(asked).toEqual(["POST /api/v1/workers/w1/readmit"]));
});
