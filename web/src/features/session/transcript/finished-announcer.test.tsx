import { act, render } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import type { ChatChunk, ChatMessage } from "@/shared/api/types";
import { SessionStream } from "../stream/session-stream";
import { SessionStreamContext } from "../stream/use-session-stream";
import { FinishedAnnouncer } from "./finished-announcer";

const reply = (more: Partial<ChatMessage>): ChatMessage => ({
  messageId: "r",
  chatSessionId: "s",
  role: "assistant",
  content: "",
  parts: [],
  status: "streaming",
  isStreaming: true,
  completed: false,
  receivedSequence: 0,
  timestamp: 0,
  attachments: [],
  revision: 1,
  ...more,
});
const ended = { status: "completed", isStreaming: false, completed: true, revision: 2 } as const;

let stream: SessionStream;
let heard: () => string;

beforeEach(() => {
  stream = new SessionStream("s", () => Promise.reject(new Error("nothing is fetched")));
  const { container } = render(
    <SessionStreamContext value={stream}>
      <FinishedAnnouncer />
    </SessionStreamContext>,
  );
  heard = () => container.querySelector("[aria-live=polite]")?.textContent ?? "";
});

const told = (message: ChatMessage) => act(() => stream.apply({ event: "message", data: message }));
const chunk = (sequence: number, partId: string, said: string) =>
  act(() =>
    stream.apply({
      event: "chunk",
      data: {
        chatSessionId: "s",
        messageId: "r",
        partId,
        sequence,
        timestamp: 0,
        kind: "text",
        chunk: said,
      } as ChatChunk,
    }),
  );

it("all parts of a long reply are heard, once it is finished", () => {
  told(reply({}));
  chunk(1, "p1", "I look around.");
  chunk(2, "p2", "It is ");
  chunk(3, "p2", "done.");
  expect(heard()).toBe("");
  told(reply({ ...ended, chunkCount: 3 }));
  expect(heard()).toBe("The reply is finished. I look around.\nIt is done.");
});

it("what the message brings itself is heard too", () => {
  told(reply({}));
  const part = { kind: "text", startedAt: 0 } as const;
  const parts = [
    { ...part, partId: "p1", text: "One." },
    { ...part, partId: "p2", text: "Two." },
  ];
  told(reply({ ...ended, parts, content: "One.", receivedSequence: 2, chunkCount: 2 }));
  expect(heard()).toBe("The reply is finished. One.\nTwo.");
});

it("a reply is heard only when all of it is here", () => {
  told(reply({}));
  chunk(1, "p1", "Half ");
  told(reply({ ...ended, chunkCount: 2 }));
  expect(heard()).toBe("");
  const parts = [{ partId: "p1", kind: "text", text: "Half and half.", startedAt: 0 } as const];
  told(reply({ ...ended, revision: 3, parts, receivedSequence: 2, chunkCount: 2 }));
  expect(heard()).toBe("The reply is finished. Half and half.");
});

it("what was finished before it came here is not told", () => {
  told(reply({ ...ended, content: "Old news." }));
  expect(heard()).toBe("");
});
