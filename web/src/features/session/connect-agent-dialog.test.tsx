import { render, renderHook, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { useOpenDialog } from "@/shared/dialogs/dialog-store";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { ConnectAgentDialog } from "./connect-agent-dialog";

it.each([
  ["m", "Make a token for it", { kind: "create-worker", machineId: "m" }],
  [null, "Add machine", { kind: "create-machine" }],
])("leads on to what the worker needs (machine: %s)", async (machineId, name, next) => {
  render(
    <TooltipProvider>
      <ConnectAgentDialog machineId={machineId} />
    </TooltipProvider>,
  );
  await userEvent.click(screen.getByRole("button", { name }));
  expect(renderHook(() => useOpenDialog()).result.current).toEqual(next);
});
