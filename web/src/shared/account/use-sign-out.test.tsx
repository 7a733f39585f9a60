import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { anyDialogOpen, closeDialog } from "@/shared/dialogs/dialog-store";
import { useSignOut } from "./use-sign-out";

const request = vi.fn(() => new Promise<Response>(() => undefined));

beforeEach(() => {
  request.mockClear();
  closeDialog();
  vi.stubGlobal("fetch", request);
});
afterEach(() => vi.unstubAllGlobals());

async function signOut() {
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  const { result } = renderHook(() => useSignOut(), { wrapper });
  await act(() => {
    result.current.mutate();
    return Promise.resolve();
  });
}

it("signs out at once where nothing is lost by it", async () => {
  localStorage.setItem("muster.theme", "dark");
  localStorage.setItem("muster.own.notices", "on");
  await signOut();
  expect(request).toHaveBeenCalledTimes(1);
  expect(anyDialogOpen()).toBe(false);
});

it.each(["draft.s", "draft-files.s", "outbox.m"])("asks first while there is %s", async (name) => {
  localStorage.setItem(`muster.own.${name}`, "text");
  await signOut();
  expect(request).not.toHaveBeenCalled();
  expect(anyDialogOpen()).toBe(true);
});
