import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { ChatSession } from "@/shared/api/types";
import { SessionRow } from "./session-row";

vi.mock("@/shared/nav/place", () => ({ useGo: () => () => undefined, usePlace: () => ({}) }));

it.each([
  ["nobody wrote for a while", { status: "idle", activity: "idle" }, "idle"],
  ["it was written to", { status: "active", activity: "idle" }, "active"],
  ["the agent works", { status: "active", activity: "working" }, "working"],
  ["it works although it was idle", { status: "idle", activity: "working" }, "working"],
  ["it asks something", { status: "active", activity: "needs_you" }, "needs you"],
  ["it has ended", { status: "terminated", activity: "idle" }, "ended"],
] as const)("%s: %j is said as %s", (_, state, words) => {
  const session = { chatSessionId: "s", title: "Plums", ...state } as ChatSession;
  render(<SessionRow session={session} />);
  expect(screen.getByRole("img", { name: words })).toBeVisible();
  expect(screen.getByRole("button")).toHaveAccessibleName(`${words} Plums`);
});
