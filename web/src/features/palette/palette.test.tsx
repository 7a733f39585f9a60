import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, renderHook, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useOpenDialog } from "@/shared/dialogs/dialog-store";
import Palette from "./palette";

vi.mock("@tanstack/react-router", () => ({ useNavigate: () => vi.fn() }));
vi.mock("@/shared/account/use-sign-out", () => ({ useSignOut: () => ({ mutate: vi.fn() }) }));
vi.mock("@/shared/fleet/use-machines", () => ({ useMachines: () => ({ data: [] }) }));
vi.mock("@/shared/fleet/use-sessions", () => ({ useSessions: () => ({ data: [] }) }));
vi.mock("@/shared/fleet/use-workers", () => ({ useAllWorkers: () => new Map() }));
vi.mock("@/shared/nav/place", () => ({ useGo: () => vi.fn(), usePlace: () => ({}) }));

/** The searches that are under way. */
let asked: ((response: Response) => void)[];
/** Answers the one that is. */
async function answer(response: Response): Promise<void> {
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  asked[0]?.(response);
}

beforeEach(() => {
  asked = [];
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe = vi.fn();
      unobserve = vi.fn();
      disconnect = vi.fn();
    },
  );
  Element.prototype.scrollIntoView = vi.fn();
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => asked.push(resolve)));
  render(
    <QueryClientProvider
      client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
    >
      <Palette />
    </QueryClientProvider>,
  );
});
afterEach(() => vi.unstubAllGlobals());

const search = (text: string) =>
  fireEvent.change(screen.getByRole("combobox"), { target: { value: text } });
const found = (items: unknown[]) => Response.json({ items, nextCursor: null });

it("nothing fits only once the server has said so", async () => {
  search("submarine");
  expect(screen.getByText("Searching…")).toBeVisible();
  expect(screen.queryByText("Nothing fits.")).toBeNull();
  await answer(found([]));
  expect(await screen.findByText("Nothing fits.")).toBeVisible();
});

it("what was said is found, and then something fits", async () => {
  search("submarine");
  const match = { snippet: "a yellow submarine" };
  await answer(found([{ chatSessionId: "s", title: "Music", match }]));
  expect(await screen.findByText("a yellow submarine")).toBeVisible();
  expect(screen.queryByText("Nothing fits.")).toBeNull();
});

it("a search that failed says why", async () => {
  search("submarine");
  const problem = { type: "about:blank", title: "Broken", detail: "The index is broken." };
  await answer(Response.json(problem, { status: 500 }));
  expect(await screen.findByRole("alert")).toHaveTextContent(
    "Messages could not be searched: The index is broken.",
  );
  expect(screen.queryByText("Nothing fits.")).toBeNull();
});

it("without a machine, a new session leads to adding one", () => {
  search("new session");
  fireEvent.click(screen.getByRole("option", { name: /New session/ }));
  const { result } = renderHook(() => useOpenDialog());
  expect(result.current).toEqual({ kind: "create-machine" });
});
