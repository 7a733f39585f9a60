import { expect, it } from "vitest";
import { dueAfter } from "./pace";

it.each([
  ["nothing, so the next frame shows the next piece", 0, 100, 100],
  ["a little, so most of the time is left", 8, 108, 148],
  ["so much that text would stand still", 300, 400, 800],
])("what is shown cost %s", (_, cost, ended, due) => {
  expect(dueAfter(ended - cost, ended)).toBe(due);
});
