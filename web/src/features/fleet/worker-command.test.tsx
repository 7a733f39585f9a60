import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { t } from "@/shared/i18n/strings";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { WorkerCommand } from "./worker-command";

test("the command is for the agent that is chosen", async () => {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <TooltipProvider>
        <WorkerCommand token="machine_m:worker_w" />
      </TooltipProvider>
    </QueryClientProvider>,
  );
  const select = screen.getByRole("combobox", { name: t.worker.agent });
  expect(screen.queryByText(/--agent/)).toBeNull();
  await userEvent.selectOptions(select, "gemini");
  expect(screen.getByText(/muster-worker-agent run .*--agent gemini$/)).toBeTruthy();
  await userEvent.selectOptions(select, "openai");
  expect(screen.getByText(/muster-worker-agent run .*--openai-url http/)).toBeTruthy();
});
