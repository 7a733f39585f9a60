import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { createStore } from "zustand/vanilla";
import { clockTime } from "@/shared/i18n/time";
import type { LiveClient } from "@/shared/live/live-client";
import { LiveContext } from "@/shared/live/live-context";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { LinkMark } from "./link-mark";

it("says since when it is offline, but on a phone to screen readers alone: the room is the title's", () => {
  const status = createStore(() => ({ phase: "offline", since: 60_000 }));
  render(
    <LiveContext value={{ status } as unknown as LiveClient}>
      <TooltipProvider>
        <LinkMark />
      </TooltipProvider>
    </LiveContext>,
  );
  const when = `since ${clockTime(60_000)}`;
  expect(screen.getByRole("status")).toHaveTextContent(`Offline ${when}`);
  expect(screen.getByText("Offline")).not.toHaveClass("max-sm:sr-only");
  expect(screen.getByText(when)).toHaveClass("max-sm:sr-only");
});
