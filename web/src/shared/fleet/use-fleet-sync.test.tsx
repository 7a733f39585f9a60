import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import { useFleetSync } from "./use-fleet-sync";

afterEach(() => vi.unstubAllGlobals());

it("what is shown first is not held up by the connection, which begins after it is painted", async () => {
  const frames: FrameRequestCallback[] = [];
  vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) => frames.push(frame));
  vi.stubGlobal("requestIdleCallback", (then: () => void) => then());
  const live = { onUserFrame: vi.fn(), onRefetch: vi.fn(), connect: vi.fn() };
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={new QueryClient()}>
      <LiveContext value={live as unknown as LiveClient}>{children}</LiveContext>
    </QueryClientProvider>
  );
  renderHook(useFleetSync, { wrapper });
  // From before the connection is there: the first that it says is heard.
  expect(live.onRefetch).toHaveBeenCalled();
  await Promise.resolve();
  expect(live.connect).not.toHaveBeenCalled();
  frames.forEach((frame) => frame(0));
  await vi.waitFor(() => expect(live.connect).toHaveBeenCalled());
});
