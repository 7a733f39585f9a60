import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { anyDialogOpen } from "@/shared/dialogs/dialog-store";
import type { LiveClient } from "@/shared/live/live-client";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { queryClient } from "./query-client";
import { router } from "./router";

vi.mock("@/shared/live/live-of", () => ({
  liveOf: () =>
    ({
      onUserFrame: () => () => undefined,
      onRefetch: () => () => undefined,
    }) as unknown as LiveClient,
}));
vi.mock("@/shared/fleet/use-fleet-sync", () => ({ useFleetSync: () => undefined }));
vi.mock("@/features/session/composer/use-send-message", () => ({
  useSendWaiting: () => undefined,
}));
vi.mock("@/features/palette/palette", () => ({ default: () => <p>palette</p> }));

const answers: Record<string, object> = {
  "/api/v1/auth/me": { userId: "u", username: "ada", role: "member" },
  "/api/v1/auth/methods": { oidc: [] },
  "/api/v1/requests": { items: [{ requestId: "r", title: "Run it" }], nextCursor: null },
};

beforeEach(() => {
  vi.stubGlobal("scrollTo", () => undefined);
  vi.stubGlobal("fetch", (request: Request) =>
    Promise.resolve(
      Response.json(answers[new URL(request.url).pathname] ?? { items: [], nextCursor: null }),
    ),
  );
});
afterEach(() => vi.unstubAllGlobals());

const user = userEvent.setup();

describe.each([
  ["/settings", "Settings"],
  ["/activity", "Activity"],
])("on %s, without a rail", (path, name) => {
  beforeEach(async () => {
    const history = createMemoryHistory({ initialEntries: [path] });
    router.update({ ...router.options, history });
    render(
      <QueryClientProvider client={queryClient}>
        <TooltipProvider>
          <RouterProvider router={router} />
        </TooltipProvider>
      </QueryClientProvider>,
    );
    // The page's code is fetched first.
    const heading = { level: 1, name };
    expect(await screen.findByRole("heading", heading, { timeout: 10_000 })).toBeVisible();
  });

  it("what needs the user is counted in the title, and led to", async () => {
    expect(await screen.findByRole("link", { name: "1 thing needs you" })).toHaveAttribute(
      "href",
      "/app",
    );
    expect(document.title).toBe(`(1) ${name} · Muster`);
  });

  it("the palette opens by its keys, and is gone on the next page", async () => {
    await user.keyboard("{Control>}k{/Control}");
    expect(await screen.findByText("palette")).toBeVisible();
    await act(() => router.navigate({ to: path === "/settings" ? "/activity" : "/settings" }));
    expect(anyDialogOpen()).toBe(false);
  });
});
