import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { saveDraft } from "@/features/session/composer/use-draft";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { Over } from "./over";

vi.mock("@tanstack/react-router", () => ({ useNavigate: () => vi.fn() }));
vi.mock("@/shared/fleet/use-machines", () => ({ useMachines: () => ({ data: [] }) }));
vi.mock("@/shared/fleet/use-sessions", () => ({ useSessions: () => ({ data: [] }) }));
vi.mock("@/shared/fleet/use-workers", () => ({ useAllWorkers: () => new Map() }));
vi.mock("@/shared/nav/place", () => ({ useGo: () => vi.fn(), usePlace: () => ({}) }));

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe = vi.fn();
      unobserve = vi.fn();
      disconnect = vi.fn();
    },
  );
  Element.prototype.scrollIntoView = vi.fn();
});
afterEach(() => vi.unstubAllGlobals());

it("asked from the palette and called off, the focus is where it was before the palette", async () => {
  const user = userEvent.setup();
  saveDraft("s", "half a thought");
  render(
    <QueryClientProvider client={new QueryClient()}>
      <textarea aria-label="Message" />
      <Over />
    </QueryClientProvider>,
  );
  const composer = screen.getByLabelText("Message");
  composer.focus();
  act(() => openDialog({ kind: "palette" }));
  // The palette's code is fetched first.
  const signOut = { name: "Sign out" };
  await user.click(await screen.findByRole("option", signOut, { timeout: 10_000 }));
  expect(await screen.findByRole("alertdialog")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(screen.queryByRole("alertdialog")).toBeNull();
  await waitFor(() => expect(composer).toHaveFocus());
});
