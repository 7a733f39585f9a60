import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { meQuery } from "@/shared/account/use-me";
import type { AgentRequest } from "@/shared/api/types";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { RequestCard } from "./request-card";

const asked: AgentRequest = {
  requestId: "r",
  chatSessionId: "s",
  workerId: "w",
  messageId: "m",
  kind: "permission",
  title: "Run a command",
  details: '{"command":"rm -r build","workdir":"/srv"}',
  options: [{ optionId: "once", label: "Allow once", kind: "allow_once" }],
  questions: [],
  status: "pending",
  askedAt: 0,
  revision: 1,
};

function show(request: Partial<AgentRequest>): void {
  const client = new QueryClient();
  client.setQueryData(meQuery.queryKey, { userId: "me", username: "ada", role: "member" } as never);
  render(
    <QueryClientProvider client={client}>
      <TooltipProvider>
        <RequestCard request={{ ...asked, ...request }} />
      </TooltipProvider>
    </QueryClientProvider>,
  );
}

const outcome = { optionId: "once" };

it("an own answer says so", () => {
  show({ status: "answered", outcome, answeredBy: "me" });
  expect(screen.getByText("Answered by you: Allow once")).toBeVisible();
});

it("someone else's answer leaves the person out rather than show an id", () => {
  show({ status: "answered", outcome, answeredBy: "ozwhM7dKBXo5DVSstxt5q" });
  expect(screen.getByText("Answered: Allow once")).toBeVisible();
  expect(document.body).not.toHaveTextContent("ozwhM7dKBXo5DVSstxt5q");
});

it("a command is a command line and the rest has names", () => {
  show({});
  expect(screen.getByText("rm -r build")).toBeVisible();
  expect(screen.getByText("workdir")).toBeVisible();
  expect(screen.getByText("/srv")).toBeVisible();
  expect(screen.getByRole("button", { name: "Copy command" })).toBeVisible();
});

it("what an agent wrote is text, whatever it looks like", () => {
  show({ title: "<b>now</b>", details: '{"command":"<img src=x onerror=alert(1)>"}' });
  expect(screen.getByText("<img src=x onerror=alert(1)>")).toBeVisible();
  expect(screen.getByRole("heading")).toHaveTextContent("<b>now</b>");
});

it("a half-written refusal is there again after scrolling, and gone after cancel", async () => {
  const user = userEvent.setup();
  const options = [{ optionId: "no", label: "Reject", kind: "reject_once" }];
  show({ options });
  await user.click(screen.getByRole("button", { name: "Reject with a message" }));
  await user.keyboard("Not this");
  cleanup();
  show({ options });
  expect(screen.getByRole("textbox")).toHaveValue("Not this");
  expect(screen.getByRole("textbox")).not.toHaveFocus();
  await user.clear(screen.getByRole("textbox"));
  expect(screen.getByRole("textbox")).toHaveValue("");
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(screen.getByRole("button", { name: "Reject with a message" })).toHaveFocus();
  cleanup();
  show({ options });
  expect(screen.queryByRole("textbox")).toBeNull();
});

it("a half-given answer is there again after scrolling, until somebody has answered", async () => {
  const user = userEvent.setup();
  const question = {
    question: "Which?",
    header: "",
    multiple: true,
    custom: true,
    options: ["a", "b"],
  };
  const options = question.options.map((label) => ({ label, description: "" }));
  const questions = [{ ...question, options }];
  show({ kind: "question", questions });
  await user.click(screen.getByRole("checkbox", { name: "b" }));
  await user.type(screen.getByRole("textbox"), "and c");
  cleanup();
  show({ kind: "question", questions });
  expect(screen.getByRole("checkbox", { name: "b" })).toBeChecked();
  expect(screen.getByRole("textbox")).toHaveValue("and c");
  cleanup();
  show({ kind: "question", questions, status: "answered", outcome: { answers: [["a"]] } });
  expect(Object.keys(localStorage)).toEqual([]);
});

it("only what a question takes can be answered, and a question can be declined", async () => {
  const user = userEvent.setup();
  const option = { label: "Left", description: "" };
  const twice = {
    question: "Which?",
    header: "",
    multiple: false,
    custom: false,
    options: [option],
  };
  show({ kind: "question", questions: [twice, twice] });
  expect(screen.queryByRole("textbox")).toBeNull();
  const both = screen.getAllByRole("radio", { name: "Left" });
  for (const radio of both) await user.click(radio);
  for (const radio of both) expect(radio).toBeChecked();
  expect(screen.getByRole("button", { name: "Answer" })).toBeEnabled();
  expect(screen.getByRole("button", { name: "Decline" })).toBeEnabled();
  cleanup();
  show({ kind: "question", questions: [{ ...twice, options: [], custom: true }] });
  expect(screen.getByRole("textbox", { name: "Which?" })).toBeVisible();
  cleanup();
  show({ kind: "question", questions: [twice], status: "answered", outcome: {}, answeredBy: "me" });
  expect(screen.getByText("Declined by you")).toBeVisible();
});
