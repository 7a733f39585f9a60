import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { ChatMessage } from "@/shared/api/types";

const failed = (error: string) =>
  ({ messageId: "r", chatSessionId: "s", status: "interrupted", error }) as ChatMessage;

it("why a turn did not get to its end is said in the page's language where the server says it", async () => {
  localStorage.setItem("muster.language", "de");
  vi.resetModules();
  const { Unfinished } = await import("./unfinished");
  const show = (error: string) => (
    <QueryClientProvider client={new QueryClient()}>
      <Unfinished message={failed(error)} />
    </QueryClientProvider>
  );
  const { rerender } = render(show("The worker was removed."));
  expect(screen.getByText("Diese Antwort brach ab. Der Worker wurde entfernt.")).toBeVisible();
  // What an agent says is its own.
  rerender(show("No such model"));
  expect(screen.getByText("Diese Antwort brach ab. No such model")).toBeVisible();
});
