import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { LongText } from "./long-text";

const show = (text: string) => {
  render(
    <TooltipProvider>
      <LongText label="Output" text={text} />
    </TooltipProvider>,
  );
  fireEvent.click(screen.getByRole("button", { name: /^Show all/ }));
};

it("what is too long to be shown at all says where it ends", () => {
  show("a".repeat(200_001));
  expect(screen.getByText(/the first 200000 characters/)).toBeVisible();
});

it("all else is shown to its end", () => {
  show("a".repeat(200_000));
  expect(screen.queryByText(/the first/)).toBeNull();
});
