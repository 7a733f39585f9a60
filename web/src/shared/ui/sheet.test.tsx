import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { closeDialog, openDialog, useOpenDialog } from "@/shared/dialogs/dialog-store";
import { Sheet } from "./sheet";
import { TooltipProvider } from "./tooltip";

function Page() {
  const open = useOpenDialog()?.kind === "detail";
  return (
    <TooltipProvider delayDuration={0}>
      <button type="button" onClick={() => openDialog({ kind: "detail" })}>
        Show details
      </button>
      <Sheet open={open} onOpenChange={closeDialog} side="end" title="Details">
        <p>No file was changed.</p>
      </Sheet>
    </TooltipProvider>
  );
}

it("has a button that closes it, and gives the focus back", async () => {
  const user = userEvent.setup();
  render(<Page />);
  const opener = screen.getByRole("button", { name: "Show details" });
  await user.click(opener);
  const sheet = screen.getByRole("dialog", { name: "Details" });
  expect(screen.getByText("Details")).not.toHaveClass("sr-only");
  expect(sheet).toContainElement(document.activeElement as HTMLElement);
  expect(screen.queryByRole("tooltip")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByRole("dialog")).toBeNull();
  await waitFor(() => expect(opener).toHaveFocus());
});
