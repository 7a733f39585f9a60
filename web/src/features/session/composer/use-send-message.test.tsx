import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createStore } from "zustand/vanilla";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import type { LinkStatus } from "@/shared/live/messages";
import { dropOutgoing, useOutbox } from "./outbox";
import { useSendMessage, useSendWaiting } from "./use-send-message";

/** A server that answers what it is sent when the test says so. */
const server = vi.hoisted(() => ({
  asked: [] as string[],
  answer: [] as ((status: number) => void)[],
}));

vi.mock("@/shared/api/client", async (original) => ({
  ...(await original<object>()),
  api: {
    POST: (_path: string, asked: { body: { content: string }; signal: AbortSignal }) => {
      server.asked.push(asked.body.content);
      return new Promise((resolve, reject) => {
        server.answer.push((status) =>
          resolve({ data: {}, error: {}, response: { ok: status === 202, status } }),
        );
        asked.signal.addEventListener("abort", () => reject(new Error("aborted")));
      });
    },
  },
}));

const live = {
  userId: "me",
  status: createStore((): LinkStatus => ({ phase: "live", since: 0 })),
} as unknown as LiveClient;
const become = (phase: LinkStatus["phase"]) => live.status.setState({ phase, since: 0 }, true);

function open() {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <LiveContext value={live}>{children}</LiveContext>
  );
  return renderHook(
    () => {
      useSendWaiting();
      return { send: useSendMessage(), outbox: useOutbox() };
    },
    { wrapper },
  ).result;
}

const message = (content: string, sessionId = "s") => ({
  sessionId,
  content,
  files: [],
  model: "m",
  writtenAt: Number(content.replace(/\D/g, "")),
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
async function answer(status: number): Promise<void> {
  server.answer.shift()?.(status);
  await pass(0);
}

let page: ReturnType<typeof open>;
const send = (content: string, sessionId?: string) =>
  void page.current.send(message(content, sessionId));
const states = () => page.current.outbox.map(({ content, state }) => [content, state]);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    const late = new AbortController();
    setTimeout(() => late.abort(), ms);
    return late.signal;
  });
  server.asked = [];
  server.answer = [];
  become("live");
  page = open();
});
afterEach(async () => {
  // No loop goes on into the next test.
  for (const { messageId } of page.current.outbox) dropOutgoing(messageId);
  await pass(120_000);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("what the server has taken stays in sight, and in no storage", async () => {
  send("m1");
  await answer(202);
  expect(states()).toEqual([["m1", "sent"]]);
  expect(Object.values<string>(localStorage).join()).not.toContain("m1");
});

it("what is written meanwhile goes out after what was written before, but other sessions do not wait", async () => {
  send("m1");
  send("m2");
  send("m3", "other");
  expect(server.asked).toEqual(["m1", "m3"]);
  await answer(202);
  expect(server.asked).toEqual(["m1", "m3", "m2"]);
});

it("what the server refuses fails, and does not hold up the next", async () => {
  send("m1");
  send("m2");
  await answer(400);
  expect(states()).toEqual([
    ["m1", "failed"],
    ["m2", "sending"],
  ]);
  expect(server.asked).toEqual(["m1", "m2"]);
});

it("what is not answered is tried again while connected, with a pause that grows, and in order", async () => {
  send("m1");
  send("m2");
  await pass(20_000);
  expect(states()).toEqual([
    ["m1", "waiting"],
    ["m2", "waiting"],
  ]);
  await pass(1_000);
  expect(server.asked).toEqual(["m1", "m1"]);
  await pass(20_000);
  await pass(1_000);
  expect(server.asked).toEqual(["m1", "m1"]);
  await pass(1_000);
  expect(server.asked).toEqual(["m1", "m1", "m1"]);
  server.answer.splice(0, 2);
  await answer(202);
  await answer(202);
  expect(server.asked).toEqual(["m1", "m1", "m1", "m2"]);
  expect(states()).toEqual([
    ["m1", "sent"],
    ["m2", "sent"],
  ]);
});

it("whoever does not want to wait for the next try has it at once", async () => {
  send("m1");
  await pass(20_000);
  const [item] = page.current.outbox;
  if (item !== undefined) void page.current.send(item, item.messageId);
  await pass(0);
  expect(server.asked).toEqual(["m1", "m1"]);
  expect(states()).toEqual([["m1", "sending"]]);
});

it("without a connection nothing is tried until it is back", async () => {
  send("m1");
  become("offline");
  await pass(20_000);
  expect(states()).toEqual([["m1", "waiting"]]);
  await pass(120_000);
  expect(server.asked).toEqual(["m1"]);
  become("live");
  await pass(0);
  expect(server.asked).toEqual(["m1", "m1"]);
});

it("however often the connection comes and goes, each is sent once at a time and in order", async () => {
  send("m1");
  send("m2");
  for (let flap = 0; flap < 3; flap++) {
    become("catching_up");
    become("live");
    await pass(0);
  }
  expect(server.asked).toEqual(["m1", "m1", "m1", "m1"]);
  server.answer.splice(0, 3);
  await answer(202);
  expect(server.asked).toEqual(["m1", "m1", "m1", "m1", "m2"]);
  await answer(202);
  expect(server.asked).toHaveLength(5);
});
