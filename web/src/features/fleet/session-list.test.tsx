import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import type { ChatSession } from "@/shared/api/types";
import { SessionList } from "./session-list";

vi.mock("@/shared/nav/place", () => ({ useGo: () => vi.fn(), usePlace: () => ({}) }));

const sessions = Array.from(
  { length: 8 },
  (_, i) =>
    ({
      chatSessionId: `s${i}`,
      title: `session ${i}`,
      status: "idle",
      activity: "idle",
      lastActivity: i,
      pinned: false,
    }) as ChatSession,
);

it("whoever has more shown keeps the focus, and can have less again", async () => {
  const user = userEvent.setup();
  render(<SessionList sessions={sessions} />);
  const shown = () => screen.getAllByText(/^session/).length;
  expect(shown()).toBe(6);
  await user.click(screen.getByRole("button", { name: "Show 2 more" }));
  expect(shown()).toBe(8);
  expect(screen.getByRole("button", { name: "Show less" })).toHaveFocus();
  await user.keyboard("{Enter}");
  expect(shown()).toBe(6);
});
