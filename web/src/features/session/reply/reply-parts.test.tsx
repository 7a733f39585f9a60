import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import type { PartOf } from "@/shared/api/types";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { ReplyParts } from "./reply-parts";

const notice: PartOf<"notice"> = {
  partId: "retry 1",
  kind: "notice",
  text: "The endpoint answered 429: asked again in 2 s.",
  startedAt: 1,
};

const tool = (state: PartOf<"tool">["state"]): PartOf<"tool"> => ({
  partId: "tool",
  kind: "tool",
  name: "bash",
  title: "ls",
  state,
  input: "",
  output: "",
  truncated: false,
  startedAt: 1,
});

const show = (parts: Parameters<typeof ReplyParts>[0]["parts"], streaming: boolean) =>
  render(<ReplyParts parts={parts} streaming={streaming} />, { wrapper: TooltipProvider });

it.each([true, false])("a notice is read where it stands, streaming: %s", (streaming) => {
  const said = { partId: "p", kind: "text" as const, text: "After it.", startedAt: 2 };
  show([notice, said], streaming);
  const note = screen.getByRole("note");
  expect(note).toHaveTextContent(notice.text);
  const after = screen.getByText("After it.");
  expect(note.compareDocumentPosition(after)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
});

it("a notice is text, whatever it looks like", () => {
  show([{ ...notice, text: "\u001b[31m**red** <b>bold</b>" }], false);
  expect(screen.getByRole("note")).toHaveTextContent("**red** <b>bold</b>");
});

it.each(["pending", "running"] as const)("a %s tool runs for no longer than its reply", (state) => {
  const { container, rerender } = show([tool(state)], true);
  expect(container.querySelector(".animate-spin")).not.toBeNull();
  expect(screen.queryByText("stopped")).toBeNull();
  rerender(<ReplyParts parts={[tool(state)]} streaming={false} />);
  expect(screen.getByText("stopped")).toBeVisible();
  expect(container.querySelector(".animate-spin")).toBeNull();
});

it("a tool that is done stays so", () => {
  show([tool("error")], false);
  expect(screen.getByText("failed")).toBeVisible();
});

it.each([
  ['{"command":"ls -l","description":"looks"}', "$ ls -l"],
  ['{"filePath":"a.txt"}', '{ "filePath": "a.txt" }'],
  ["no JSON {", "no JSON {"],
  ["7", "7"],
])("what a tool was given is read as what it is: %s", (input, shown) => {
  show([{ ...tool("completed"), input }], false);
  fireEvent.click(screen.getByRole("button", { name: /^bash/ }));
  expect(screen.getByText(shown)).toBeVisible();
});
