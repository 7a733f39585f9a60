import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { createStore } from "zustand/vanilla";
import type { ChatMessage, ChatSession, Part } from "@/shared/api/types";
import type { Frame } from "@/shared/live/frame";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import type { LinkStatus } from "@/shared/live/messages";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { heldUp, putOutgoing, setSent, type Outgoing } from "./composer/outbox";
import { SessionBody } from "./session-body";
import { SessionStream } from "./stream/session-stream";
import { SessionStreamContext } from "./stream/use-session-stream";

/** How often each of these was rendered since the last chunk. */
const rendered = vi.hoisted(() => new Map<string, number>());
const count = vi.hoisted(
  () => (what: string) => void rendered.set(what, (rendered.get(what) ?? 0) + 1),
);

vi.mock("@/shared/nav/place", () => ({ useGo: () => vi.fn() }));
vi.mock("./composer/composer", () => ({
  Composer: ({ running }: { running: { text: string } | null }) => {
    count("the session");
    return <p>{running === null ? "nothing runs" : `runs: ${running.text}`}</p>;
  },
}));
// Nothing has a height here, so a virtual list would have no rows.
vi.mock("./transcript/transcript-view", async () => {
  const { TranscriptRow } = await import("./transcript/transcript-row");
  return {
    TranscriptView: ({ rows, tail }: { rows: readonly string[]; tail: ReactNode }) => (
      <>
        {rows.map((id) => (
          <TranscriptRow key={id} messageId={id} />
        ))}
        {tail}
      </>
    ),
  };
});
vi.mock("./reply/markdown", () => ({
  Markdown: ({ text }: { text: string }) => {
    count(text);
    return <p>{text}</p>;
  },
}));

const session = {
  chatSessionId: "s",
  workerId: "w",
  model: "m",
  status: "active",
  queue: "running",
  unread: false,
} as unknown as ChatSession;

const text = (partId: string, said: string): Part => ({
  partId,
  kind: "text",
  text: said,
  startedAt: 0,
});

const message = (messageId: string, more: Partial<ChatMessage>) =>
  ({
    messageId,
    chatSessionId: "s",
    content: "",
    parts: [],
    isStreaming: false,
    completed: true,
    receivedSequence: 0,
    timestamp: 0,
    attachments: [],
    revision: 1,
    ...more,
  }) as ChatMessage;

const question = message("q", { role: "user", status: "streaming", content: "Why?" });
const reply = message("r", {
  role: "assistant",
  status: "streaming",
  replyTo: "q",
  completed: false,
  isStreaming: true,
  receivedSequence: 2,
  parts: [text("p1", "First."), text("p2", "Second")],
});

let hand: (frame: Frame) => void = () => undefined;
const live = {
  userId: "me",
  status: createStore((): LinkStatus => ({ phase: "live", since: 0 })),
  watch: (_session: string, _cursor: string, listener: (frame: Frame) => void) => {
    hand = listener;
    return () => undefined;
  },
} as unknown as LiveClient;

beforeEach(async () => {
  const stream = new SessionStream("s", () =>
    Promise.resolve({ items: [question, reply], nextBefore: null, lastEventId: "s:c1-1" }),
  );
  stream.attach(live);
  await vi.waitFor(() => expect(stream.store.getState().phase).toBe("ready"));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <LiveContext value={live}>
        <TooltipProvider>
          <SessionStreamContext value={stream}>
            <SessionBody session={session} worker={undefined} />
          </SessionStreamContext>
        </TooltipProvider>
      </LiveContext>
    </QueryClientProvider>,
  );
  expect(screen.getByText("runs: Why?")).toBeVisible();
  rendered.clear();
});

const chunk = (sequence: number, said: string): Frame => ({
  stream: "s",
  id: `s:c1-${sequence}`,
  event: "chunk",
  data: {
    chatSessionId: "s",
    messageId: "r",
    partId: "p2",
    kind: "text",
    sequence,
    chunk: said,
    timestamp: 0,
  },
});

it("a chunk renders the last block again and nothing else", async () => {
  act(() => hand(chunk(3, " and")));
  await screen.findByText("Second and");
  act(() => hand(chunk(4, " more.")));
  await screen.findByText("Second and more.");
  expect([...rendered]).toEqual([
    ["Second and", 1],
    ["Second and more.", 1],
  ]);
});

it("what runs is known again when it has ended", async () => {
  const ended = { ...question, status: "completed", revision: 2 };
  act(() => hand({ stream: "s", id: "s:c1-9", event: "message", data: ended }));
  expect(await screen.findByText("nothing runs")).toBeVisible();
});

it("a message that was sent is in sight until it has come along the stream, and then once", async () => {
  const item = { messageId: "q2", userId: "me", sessionId: "s", content: "And then?" };
  const sending = { ...item, files: [], model: "m", writtenAt: 1, state: "sending", error: null };
  act(() => putOutgoing(sending as Outgoing));
  expect(screen.getByText("Sending")).toBeVisible();
  act(() => setSent(sending as Outgoing));
  expect(screen.getByText("And then?")).toBeVisible();
  expect(screen.queryByText("Sending")).toBeNull();
  expect(screen.queryByRole("button", { name: "Send again" })).toBeNull();
  expect(heldUp("me")).toEqual([]);
  const came = message("q2", { role: "user", status: "delivered", content: "And then?" });
  act(() => hand({ stream: "s", id: "s:c1-5", event: "message", data: came }));
  expect(await screen.findByText("Delivered")).toBeVisible();
  expect(screen.getAllByText("And then?")).toHaveLength(1);
  act(() =>
    hand({ stream: "s", id: "s:c1-6", event: "removed", data: { entity: "message", id: "q2" } }),
  );
  await vi.waitFor(() => expect(screen.queryByText("And then?")).toBeNull());
});
