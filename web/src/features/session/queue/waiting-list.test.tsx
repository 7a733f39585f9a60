import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createStore } from "zustand/vanilla";
import type { ChatMessage } from "@/shared/api/types";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { useKeptFocus } from "@/shared/ui/use-kept-focus";
import { SessionStream } from "../stream/session-stream";
import { SessionStreamContext } from "../stream/use-session-stream";
import { WaitingList } from "./waiting-list";

const waits = (messageId: string) =>
  ({
    messageId,
    chatSessionId: "s",
    role: "user",
    status: "queued",
    content: `echo ${messageId}`,
    model: "demo/fast",
    parts: [],
    attachments: [],
    revision: 1,
  }) as unknown as ChatMessage;

const live = {
  userId: "me",
  status: createStore(() => ({ phase: "live", since: 0 })),
  watch: () => () => undefined,
} as unknown as LiveClient;

let stream: SessionStream;
let asked: [string, string, unknown][];

beforeEach(async () => {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    const body = request.method === "DELETE" ? null : ((await request.json()) as object);
    asked.push([request.method, pathname, body]);
    if (body === null) return new Response(null, { status: 204 });
    return Response.json({ ...waits("one"), ...body, revision: 2 });
  });
  stream = new SessionStream("s", () =>
    Promise.resolve({ items: [waits("one"), waits("two")], nextBefore: null, lastEventId: "s:1" }),
  );
  stream.attach(live);
  await vi.waitFor(() => expect(stream.store.getState().phase).toBe("ready"));
});
afterEach(() => vi.unstubAllGlobals());

const client = new QueryClient();

function Composer({ queue }: { queue: readonly string[] }) {
  return (
    <div {...useKeptFocus("#composer")}>
      <WaitingList
        sessionId="s"
        place={{ worker: undefined, directory: "" }}
        queue={queue}
        paused={false}
        running
      />
      <textarea id="composer" aria-label="Message" />
    </div>
  );
}

const page = (...queue: string[]) => (
  <QueryClientProvider client={client}>
    <LiveContext value={live}>
      <TooltipProvider>
        <SessionStreamContext value={stream}>
          <Composer queue={queue} />
        </SessionStreamContext>
      </TooltipProvider>
    </LiveContext>
  </QueryClientProvider>
);

const editButton = () => screen.getAllByRole("button", { name: "Edit message" })[0];
const field = () => screen.getByRole("textbox", { name: "Edit message" });

it("an edit whose message has gone meanwhile keeps its text, to be sent as another one", async () => {
  const user = userEvent.setup();
  const { rerender } = render(page("one"));
  await user.click(screen.getByRole("button", { name: "Edit message" }));
  await user.type(field(), " changed");
  rerender(page());
  expect(field()).toHaveValue("echo one changed");
  expect(screen.getByRole("status")).toHaveTextContent("has this message already");
  await user.click(screen.getByRole("button", { name: "Send as a new message" }));
  expect(screen.queryByRole("textbox", { name: "Edit message" })).toBeNull();
  expect(screen.getByRole("textbox", { name: "Message" })).toHaveFocus();
  await waitFor(() => expect(asked).toHaveLength(1));
  expect(asked[0]).toEqual([
    "POST",
    "/api/v1/sessions/s/messages",
    expect.objectContaining({ content: "echo one changed", model: "demo/fast" }),
  ]);
});

it.each(["Save message", "Cancel"])(
  "after %s the keyboard goes on at the message",
  async (name) => {
    const user = userEvent.setup();
    render(page("one", "two"));
    await user.click(editButton() as HTMLElement);
    await user.type(field(), "!");
    await user.click(screen.getByRole("button", { name }));
    await waitFor(() => expect(editButton()).toHaveFocus());
  },
);

it("after a message is withdrawn, or all are gone, the keyboard goes on at the composer", async () => {
  const user = userEvent.setup();
  const { rerender } = render(page("one", "two"));
  const composer = screen.getByRole("textbox", { name: "Message" });
  await user.click(screen.getAllByRole("button", { name: "Withdraw message" })[0] as HTMLElement);
  await waitFor(() => expect(asked).toHaveLength(1));
  rerender(page("two"));
  expect(composer).toHaveFocus();
  await user.click(screen.getByRole("button", { name: "Withdraw message" }));
  rerender(page());
  expect(composer).toHaveFocus();
});

it("a half-written edit is there again after the session was left, and takes no focus", async () => {
  const user = userEvent.setup();
  const first = render(page("one", "two"));
  await user.click(editButton() as HTMLElement);
  await user.type(field(), " half");
  first.unmount();
  const second = render(page("one", "two"));
  expect(field()).toHaveValue("echo one half");
  expect(field()).not.toHaveFocus();
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  second.unmount();
  render(page("one", "two"));
  expect(screen.queryByRole("textbox", { name: "Edit message" })).toBeNull();
});

it("one whose message has gone meanwhile is there too, but not before that is known", async () => {
  const user = userEvent.setup();
  const { unmount } = render(page("one"));
  await user.click(editButton() as HTMLElement);
  await user.type(field(), " half");
  unmount();
  act(() => stream.store.setState({ phase: "loading" }));
  render(page());
  expect(screen.queryByRole("textbox", { name: "Edit message" })).toBeNull();
  act(() => stream.store.setState({ phase: "ready" }));
  expect(field()).toHaveValue("echo one half");
  expect(screen.getByRole("status")).toHaveTextContent("has this message already");
});

it("an edit in which nothing was changed is not kept", async () => {
  const user = userEvent.setup();
  const { unmount } = render(page("one"));
  await user.click(editButton() as HTMLElement);
  unmount();
  render(page("one"));
  expect(screen.queryByRole("textbox", { name: "Edit message" })).toBeNull();
});
