import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Markdown } from "./markdown";

const rendered = vi.hoisted(() => ({ blocks: [] as string[] }));
vi.mock("./code-block", () => ({
  CodeBlock: ({ children }: { children?: unknown }) => {
    rendered.blocks.push(String(children).trim());
    return <pre>{String(children)}</pre>;
  },
}));
beforeEach(() => {
  rendered.blocks = [];
});

const fence = (code: string) => `\`\`\`\n${code}\n\`\`\`\n\n`;
const FINISHED = Array.from({ length: 40 }, (_, n) => fence(`finished ${n}`)).join("");

it("a chunk renders the last block again and none before it, however long the reply is", () => {
  const { rerender } = render(<Markdown text={FINISHED + "```\nfirst"} streaming />);
  expect(rendered.blocks).toContain("finished 0");
  rendered.blocks = [];
  rerender(<Markdown text={FINISHED + "```\nfirst second"} streaming />);
  expect(rendered.blocks).toEqual(["first second"]);
  rendered.blocks = [];
  rerender(<Markdown text={FINISHED + fence("first second") + "And then"} streaming />);
  expect(rendered.blocks.filter((block) => block.startsWith("finished"))).toEqual([]);
  expect(screen.getByText("And then")).toBeVisible();
});
