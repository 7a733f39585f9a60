import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { meQuery } from "@/shared/account/use-me";
import type { AgentRequest, ChatMessage } from "@/shared/api/types";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { SessionStream } from "../stream/session-stream";
import { SessionStreamContext } from "../stream/use-session-stream";
import { AssistantMessage } from "../transcript/assistant-message";

const reply = {
  messageId: "m",
  chatSessionId: "s",
  role: "assistant",
  content: "",
  parts: [{ partId: "p", kind: "permission", requestId: "r", startedAt: 0 }],
  status: "streaming",
  completed: false,
  receivedSequence: 1,
  attachments: [],
  revision: 1,
} as unknown as ChatMessage;

const asked: AgentRequest = {
  requestId: "r",
  chatSessionId: "s",
  workerId: "w",
  messageId: "m",
  kind: "permission",
  title: "Run a command",
  details: "",
  options: [{ optionId: "once", label: "Allow once", kind: "allow_once" }],
  status: "pending",
  askedAt: 0,
  revision: 1,
};
const answered: AgentRequest = {
  ...asked,
  status: "answered",
  outcome: { optionId: "once" },
  answeredBy: "me",
  revision: 2,
};

const live = {
  watch: () => () => undefined,
  onUserFrame: () => () => undefined,
  onRefetch: () => () => undefined,
} as unknown as LiveClient;

/** What the server tells: what waits still, and all that was asked. */
let inbox: AgentRequest[];
let all: (AgentRequest[] | null)[];
const exported = "/api/v1/sessions/s/export";
let paths: string[];

beforeEach(() => {
  [inbox, all, paths] = [[], [], []];
  vi.stubGlobal("fetch", (request: Request) => {
    const { pathname } = new URL(request.url);
    paths.push(pathname);
    if (pathname !== exported)
      return Promise.resolve(Response.json({ items: inbox, nextCursor: null }));
    const requests = all.shift();
    if (requests == null) return Promise.resolve(Response.json({}, { status: 503 }));
    return Promise.resolve(Response.json({ messages: [{ requests }, {}] }));
  });
});
afterEach(() => vi.unstubAllGlobals());

async function open(): Promise<SessionStream> {
  const page = { items: [reply], nextBefore: null, lastEventId: "s:1" };
  const stream = new SessionStream("s", () => Promise.resolve(page));
  stream.attach(live);
  await vi.waitFor(() => expect(stream.store.getState().phase).toBe("ready"));
  return stream;
}

function show(stream: SessionStream) {
  const client = new QueryClient();
  client.setQueryData(meQuery.queryKey, { userId: "me", username: "ada", role: "member" } as never);
  return render(
    <QueryClientProvider client={client}>
      <LiveContext value={live}>
        <TooltipProvider>
          <SessionStreamContext value={stream}>
            <AssistantMessage messageId="m" />
          </SessionStreamContext>
        </TooltipProvider>
      </LiveContext>
    </QueryClientProvider>,
  );
}

it("a request that waits is waited for, and nothing else is asked", async () => {
  inbox = [asked];
  show(await open());
  expect(await screen.findByRole("button", { name: "Allow once" })).toBeVisible();
  expect(screen.getByText("Waiting for your answer")).toBeVisible();
  expect(screen.queryByText("Working")).toBeNull();
  expect(paths).not.toContain(exported);
});

it("a request that was answered says what was answered", async () => {
  all = [[answered]];
  show(await open());
  const words = await screen.findByText("Answered by you: Allow once", {}, { timeout: 3_000 });
  expect(words).toBeVisible();
  expect(screen.getByText("Working")).toBeVisible();
});

it("one that nobody knows is said to be gone", async () => {
  all = [[]];
  show(await open());
  expect(screen.getByText("Loading the request")).toBeVisible();
  const gone = "This was answered or withdrawn meanwhile.";
  expect(await screen.findByText(gone, {}, { timeout: 3_000 })).toBeVisible();
});

it("what could not be loaded is tried again by the next that looks for it", async () => {
  all = [null, [answered]];
  const stream = await open();
  const { unmount } = show(stream);
  const gone = "This was answered or withdrawn meanwhile.";
  await screen.findByText(gone, {}, { timeout: 3_000 });
  unmount();
  show(stream);
  const words = await screen.findByText("Answered by you: Allow once", {}, { timeout: 3_000 });
  expect(words).toBeVisible();
});
