import { expect, it } from "vitest";
import { hasEndlessFormula, withDollars } from "./use-math";

it.each([
  ["a \\(x^2\\) b", "a $$x^2$$ b"],
  ["\\[\nx\n\\]", "\n$$\nx\n$$\n"],
  ["`\\(x\\)` and \\(y\\)", "`\\(x\\)` and $$y$$"],
  ["```\n\\[x\\]\n```", "```\n\\[x\\]\n```"],
  ["```\n\\[x\\] half written", "```\n\\[x\\] half written"],
  ["\\(half written", "\\(half written"],
  ["costs $5 and $6", "costs $5 and $6"],
  ["\\(\\)", "\\(\\)"],
])("%j becomes %j", (text, expected) => {
  expect(withDollars(text)).toBe(expected);
});

it("a formula without end is none", () => {
  const long = "x".repeat(6_000);
  expect(withDollars(`\\(${long}\\)`)).toBe(`\\(${long}\\)`);
  expect(hasEndlessFormula(`$$${long}$$`)).toBe(true);
  expect(hasEndlessFormula(`$$x$$ ${long} $$y$$`)).toBe(false);
});
