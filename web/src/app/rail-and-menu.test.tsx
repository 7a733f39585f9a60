import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SessionList } from "@/features/fleet/session-list";
import { useMarkRead } from "@/features/session/actions/use-mark-read";
import { SessionDialogs } from "@/features/session/session-dialogs";
import { SessionMenu } from "@/features/session/session-menu";
import type { ChatSession } from "@/shared/api/types";
import { closeDialog } from "@/shared/dialogs/dialog-store";
import { applyUserEvent } from "@/shared/fleet/use-fleet-sync";
import { useSessions } from "@/shared/fleet/use-sessions";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import { TooltipProvider } from "@/shared/ui/tooltip";

const place = vi.hoisted((): { session: string | undefined } => ({ session: "old" }));
vi.mock("@/shared/nav/place", () => ({ useGo: () => vi.fn(), usePlace: () => ({ ...place }) }));

const known = (chatSessionId: string, lastActivity: number, more: Partial<ChatSession> = {}) =>
  ({
    chatSessionId,
    title: `the ${chatSessionId} one`,
    status: "idle",
    activity: "idle",
    pinned: false,
    unread: false,
    lastActivity,
    revision: 1,
    ...more,
  }) as ChatSession;

const live = {
  onUserFrame: () => () => undefined,
  onRefetch: () => () => undefined,
} as unknown as LiveClient;

let client: QueryClient;
let sessions: ChatSession[];
/** What was written, and whether it is refused. */
let written: [string, unknown][];
let refused: boolean;

beforeEach(() => {
  closeDialog();
  client = new QueryClient();
  [sessions, written, refused] = [[known("new", 2), known("old", 1)], [], false];
  place.session = "old";
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname.replace("/api/v1/sessions", "");
    if (request.method === "GET") return Response.json({ items: sessions, nextCursor: null });
    const body = (await request.json()) as object;
    written.push([`${request.method} ${path}`, body]);
    if (refused) return Response.json({ detail: "Not now." }, { status: 503 });
    if (request.method === "POST") return new Response(null, { status: 204 });
    return Response.json({ ...known("old", 1), ...body, revision: 2 });
  });
});
afterEach(() => vi.unstubAllGlobals());

function Page() {
  const all = useSessions().data ?? [];
  const open = all.find((session) => session.chatSessionId === "old");
  useMarkRead(open, "m");
  return (
    <>
      <nav>
        <SessionList sessions={all} />
      </nav>
      {open !== undefined && <SessionMenu session={open} />}
      <SessionDialogs />
    </>
  );
}

async function show() {
  const user = userEvent.setup();
  render(
    <QueryClientProvider client={client}>
      <LiveContext value={live}>
        <TooltipProvider>
          <Page />
        </TooltipProvider>
      </LiveContext>
    </QueryClientProvider>,
  );
  await screen.findByRole("button", { name: "Session menu" });
  return user;
}

const rows = () =>
  within(screen.getByRole("navigation", { hidden: true }))
    .getAllByRole("button", { hidden: true })
    .map((row) => row.textContent);

async function choose(user: Awaited<ReturnType<typeof show>>, item: string) {
  await user.click(screen.getByRole("button", { name: "Session menu" }));
  await user.click(await screen.findByRole("menuitem", { name: item }));
}

it("a session that is pinned goes on top, and back when it is unpinned", async () => {
  const user = await show();
  expect(rows()).toEqual(["the new one", "the old one"]);
  await choose(user, "Pin");
  await waitFor(() => expect(rows()).toEqual(["the old one", "the new one"]));
  await choose(user, "Unpin");
  expect(written).toEqual([
    ["PATCH /old", { pinned: true }],
    ["PATCH /old", { pinned: false }],
  ]);
});

it("a session is renamed, and not to nothing", async () => {
  const user = await show();
  await choose(user, "Rename");
  const name = await screen.findByLabelText("Name");
  expect(name).toHaveValue("the old one");
  await user.clear(name);
  expect(screen.getByRole("button", { name: "Save" })).toBeDisabled();
  await user.type(name, "  Plums {Enter}");
  await waitFor(() => expect(rows()).toEqual(["the new one", "Plums"]));
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(written).toEqual([["PATCH /old", { title: "Plums" }]]);
});

it("a name that is refused is not lost", async () => {
  refused = true;
  const user = await show();
  await choose(user, "Rename");
  await user.type(await screen.findByLabelText("Name"), "!{Enter}");
  await waitFor(() => expect(written).toHaveLength(1));
  expect(screen.getByLabelText("Name")).toHaveValue("the old one!");
  expect(rows()).toContain("the old one");
});

it("what is unread says so, until it is looked at", async () => {
  sessions = [known("new", 2, { unread: true }), known("old", 1, { unread: true })];
  await show();
  // The one that is open is being read.
  expect(rows()).toEqual(["the new oneunread", "the old one"]);
  expect(written).toEqual([["POST /old/read", { messageId: "m" }]]);
  applyUserEvent(client, { event: "session", data: known("new", 2, { revision: 2 }) });
  await waitFor(() => expect(rows()).toEqual(["the new one", "the old one"]));
});

it("nothing is read in a page that nobody sees", async () => {
  const seen = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  sessions = [known("old", 1, { unread: true })];
  await show();
  expect(written).toEqual([]);
  seen.mockReturnValue("visible");
  document.dispatchEvent(new Event("visibilitychange"));
  await waitFor(() => expect(written).toEqual([["POST /old/read", { messageId: "m" }]]));
  seen.mockRestore();
});
