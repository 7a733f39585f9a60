import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, it, vi } from "vitest";
import { createStore } from "zustand/vanilla";
import type { ChatMessage, ChatSession } from "@/shared/api/types";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import { savedDraft, saveDraft } from "../composer/use-draft";
import { SessionStream } from "../stream/session-stream";
import { SessionStreamContext } from "../stream/use-session-stream";
import { useMessageActionsOf } from "./use-message-actions-of";

const go = vi.hoisted(() => vi.fn());
vi.mock("@/shared/nav/place", () => ({ useGo: () => go }));

const session = { chatSessionId: "s", workerId: "w", model: "", status: "active" } as ChatSession;
const question = {
  messageId: "m",
  role: "user",
  status: "completed",
  content: "Build a boat",
  parts: [],
} as unknown as ChatMessage;
const live = {
  status: createStore(() => ({ phase: "live", since: 0 })),
  watch: () => () => undefined,
} as unknown as LiveClient;

it("a fork before the first message leaves what is written to the worker behind it", async () => {
  saveDraft("worker:w", "And paint it");
  const stream = new SessionStream("s", () =>
    Promise.resolve({ items: [question], nextBefore: null, lastEventId: "s:1" }),
  );
  stream.attach(live);
  await vi.waitFor(() => expect(stream.store.getState().phase).toBe("ready"));
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={new QueryClient()}>
      <LiveContext value={live}>
        <SessionStreamContext value={stream}>{children}</SessionStreamContext>
      </LiveContext>
    </QueryClientProvider>
  );
  const { result } = renderHook(() => useMessageActionsOf(session, undefined, vi.fn()), {
    wrapper,
  });
  result.current.forkBefore("m", question.content);
  expect(go).toHaveBeenCalledWith({ worker: "w" });
  expect(savedDraft("worker:w")).toBe("Build a boat\n\nAnd paint it");
});
