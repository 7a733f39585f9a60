import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import type { ChatMessage } from "@/shared/api/types";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { MessageActionsContext } from "../actions/message-actions";
import { SessionStream } from "../stream/session-stream";
import { SessionStreamContext } from "../stream/use-session-stream";
import { UserMessage } from "./user-message";

const message = {
  messageId: "q",
  chatSessionId: "s",
  role: "user",
  status: "completed",
  content: "Why?",
  parts: [],
  attachments: [],
  timestamp: 0,
  revision: 1,
} as unknown as ChatMessage;

const nothing = () => undefined;
const actions = {
  blocked: null,
  canRewind: true,
  resend: nothing,
  fork: nothing,
  forkBefore: nothing,
};

async function show(shown: ChatMessage) {
  const stream = new SessionStream("s", () =>
    Promise.resolve({ items: [shown], nextBefore: null }),
  );
  await stream.load();
  await vi.waitFor(() => expect(stream.store.getState().phase).toBe("ready"));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <TooltipProvider>
        <MessageActionsContext value={actions}>
          <SessionStreamContext value={stream}>
            <UserMessage messageId="q" />
          </SessionStreamContext>
        </MessageActionsContext>
      </TooltipProvider>
    </QueryClientProvider>,
  );
}

it("escape leads from the editor back to where it was opened", async () => {
  await show(message);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Edit and send again" }));
  expect(screen.getByRole("textbox")).toHaveFocus();
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("textbox")).toBeNull();
  expect(screen.getByRole("button", { name: "Edit and send again" })).toHaveFocus();
});

it("marks that are stacked on a letter without end do not reach what is above and below", async () => {
  const zalgo = `Z${"\u0300\u0316\u0334".repeat(200)}algo`;
  await show({ ...message, content: zalgo });
  expect(screen.getByText(zalgo)).toHaveClass("overflow-y-clip");
});
