import { fireEvent, render, screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { Part, PartOf } from "@/shared/api/types";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { ReplyParts } from "./reply-parts";

const tool = (name: string, input: object, more: Partial<PartOf<"tool">> = {}) => ({
  partId: "tool",
  kind: "tool" as const,
  name,
  title: name,
  state: "completed" as const,
  input: JSON.stringify(input),
  output: "",
  truncated: false,
  startedAt: 1,
  ...more,
});

const show = (...parts: Part[]) =>
  render(<ReplyParts parts={parts} streaming={false} />, { wrapper: TooltipProvider });

/** What is seen while it is folded. */
const line = (name: string) => screen.getByRole("button", { name: new RegExp(`^${name}`) });

function opened(name: string) {
  fireEvent.click(line(name));
  return line(name);
}

it("a command shows as it was typed, with what it said", () => {
  show(tool("bash", { command: "npm test" }, { title: "Runs the tests", output: "12 passed" }));
  expect(opened("bash")).toHaveTextContent("Runs the tests");
  expect(screen.getByText("$ npm test")).toBeVisible();
  expect(screen.getByText("12 passed")).toBeVisible();
});

it("an edit names its file, and its diff follows", () => {
  const patch = "@@ -1,1 +1,1 @@\n-one\n+two\n";
  show(tool("edit", { filePath: "src/a.ts", oldString: "one", newString: "two" }), {
    partId: "diff",
    kind: "diff",
    path: "src/a.ts",
    patch,
    startedAt: 2,
  });
  expect(line("edit")).toHaveTextContent("src/a.ts");
  const rows = within(screen.getByRole("region", { name: "Changes" })).getAllByRole("row");
  expect(rows.map((row) => row.textContent)).toEqual(["1−one", "1+two"]);
});

it.each([
  [{}, ""],
  [{ offset: 10, limit: 40 }, "lines 10–49"],
  [{ limit: 1 }, "line 1"],
  [{ offset: 7 }, "from line 7"],
  [{ offset: -3, limit: "many" }, ""],
])("a read tells which lines of which file, and keeps its content folded: %o", (range, note) => {
  show(tool("read", { filePath: "src/a.ts", ...range }, { output: "export {};" }));
  expect(line("read").textContent).toContain(`src/a.ts${note}`);
  expect(screen.queryByText("export {};")).toBeNull();
  opened("read");
  expect(screen.getByText("export {};")).toBeVisible();
  expect(screen.queryByText("Input")).toBeNull();
});

it.each([
  ["Found 7 matches\na.ts:\n  Line 1: x", "7 matches"],
  ["src/a.ts\nsrc/b.ts\n", "2 matches"],
  ["src/a.ts", "1 match"],
  ["No files found", "0 matches"],
  ["", "0 matches"],
])("a search tells its pattern and how much it found: %j", (output, count) => {
  show(tool("grep", { pattern: "TODO\\b" }, { output }));
  expect(line("grep")).toHaveTextContent(`TODO\\b${count}`);
});

it("a search that runs or failed counts nothing", () => {
  show(tool("grep", { pattern: "x" }, { state: "error", output: "bad pattern" }));
  expect(line("grep")).not.toHaveTextContent("match");
});

it("an address is text, and a link that tells nothing of this page", () => {
  show(tool("webfetch", { url: "https://example.com/a?b=1" }, { output: "Example" }));
  expect(opened("webfetch")).toHaveTextContent("https://example.com/a?b=1");
  const link = screen.getByRole("link", { name: "https://example.com/a?b=1" });
  expect(link).toHaveAttribute("href", "https://example.com/a?b=1");
  expect(link).toHaveAttribute("rel", "noreferrer noopener nofollow");
});

it.each(["javascript:alert(1)", "data:text/html,x", "/settings", "file:///etc/passwd"])(
  "what is no address of the web is text only: %s",
  (url) => {
    show(tool("webfetch", { url }));
    expect(opened("webfetch")).toHaveTextContent(url);
    expect(screen.queryByRole("link")).toBeNull();
  },
);

it("a task tells what a sub-agent shall do, which one it is, and how it stands", () => {
  const input = { description: "Find the tests", subagent_type: "explore", prompt: "Look around." };
  show(tool("task", input, { state: "running" }));
  expect(opened("task")).toHaveTextContent(/Find the tests\s*explore\s*stopped/);
  expect(screen.getByText("Look around.")).toBeVisible();
});

it("a plan is a list of what is done and what is not", () => {
  const todos = [
    { content: "look", status: "completed", priority: "high" },
    { content: "leap", status: "in_progress" },
  ];
  show(tool("todowrite", { todos }));
  expect(opened("todowrite")).toHaveTextContent("1 of 2 done");
  expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual(["look", "leap"]);
  expect(screen.getByRole("img", { name: "in progress" })).toBeVisible();
});

it("a plan in a form that is not known stays as it came", () => {
  show(tool("todowrite", { todos: "look, leap" }));
  opened("todowrite");
  expect(screen.getByText(/look, leap/)).toBeVisible();
});

it.each([
  [
    "lines",
    Array.from({ length: 30 }, (_, i) => `row ${i}`).join("\n"),
    "Show all 30 lines",
    "row 29",
  ],
  ["one line", `${"x".repeat(5_000)} end`, "Show all 5004 characters", " end"],
])("a long output is folded: %s", (_, output, button, end) => {
  const { container } = show(tool("bash", { command: "yes" }, { output }));
  opened("bash");
  const text = () => container.querySelectorAll("pre")[1]?.textContent ?? "";
  expect(text()).not.toContain(end);
  fireEvent.click(screen.getByRole("button", { name: button }));
  expect(text()).toBe(output);
  fireEvent.click(screen.getByRole("button", { name: "Show less" }));
  expect(text()).not.toContain(end);
});

it("a long diff is folded", () => {
  const patch = `@@ -0,0 +1,60 @@\n${Array.from({ length: 60 }, (_, i) => `+row ${i}\n`).join("")}`;
  show({ partId: "diff", kind: "diff", path: "a.txt", patch, startedAt: 1 });
  expect(screen.getAllByRole("row")).toHaveLength(40);
  fireEvent.click(screen.getByRole("button", { name: "Show all 60 lines" }));
  expect(screen.getAllByRole("row")).toHaveLength(60);
});
