import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import { usePlaced } from "./use-placed";

const place = vi.hoisted(() => ({ current: {} }));
vi.mock("@/shared/nav/place", () => ({ usePlace: () => place.current }));

const live = {
  onUserFrame: () => () => undefined,
  onRefetch: () => () => undefined,
} as unknown as LiveClient;

const lists: Record<string, readonly object[]> = {
  "/api/v1/machines": [{ machineId: "m" }],
  "/api/v1/machines/m/workers": [{ workerId: "w", machineId: "m", status: "online" }],
  "/api/v1/sessions": [{ chatSessionId: "s", workerId: "w" }],
};

/** What the server refuses. */
let broken: string | null;

beforeEach(() => {
  broken = null;
  vi.stubGlobal("fetch", (request: Request) => {
    const { pathname } = new URL(request.url);
    return Promise.resolve(
      pathname === broken
        ? Response.json({ title: "It is broken." }, { status: 500 })
        : Response.json({ items: lists[pathname], nextCursor: null }),
    );
  });
});
afterEach(() => vi.unstubAllGlobals());

function placed(at: object) {
  place.current = at;
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>
      <LiveContext value={live}>{children}</LiveContext>
    </QueryClientProvider>
  );
  return { client, ...renderHook(() => usePlaced(), { wrapper }) };
}

it.each([
  ["machines", "/api/v1/machines", { worker: "w" }, "worker"],
  ["the workers of a machine", "/api/v1/machines/m/workers", { worker: "w" }, "worker"],
  ["sessions", "/api/v1/sessions", { session: "s" }, "session"],
])("when %s cannot be loaded it says so, and tries again", async (_, path, at, kind) => {
  broken = path;
  const { result } = placed(at);
  await waitFor(() => expect(result.current.kind).toBe("error"));
  const failed = result.current;
  if (failed.kind !== "error") throw new Error("it is shown");
  expect(failed.error).toEqual(expect.objectContaining({ message: "It is broken." }));
  broken = null;
  act(() => failed.retry());
  await waitFor(() => expect(result.current.kind).toBe(kind));
});

it("what is there stays when it cannot be loaded anew", async () => {
  const { result, client } = placed({ session: "s" });
  await waitFor(() => expect(result.current.kind).toBe("session"));
  broken = "/api/v1/machines";
  await act(() => client.invalidateQueries());
  await waitFor(() => expect(client.getQueryState(["machines"])?.status).toBe("error"));
  expect(result.current.kind).toBe("session");
});
