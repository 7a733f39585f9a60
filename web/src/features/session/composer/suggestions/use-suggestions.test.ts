import { expect, it } from "vitest";
import { fits } from "./use-suggestions";

it.each([
  ["src/main.rs", "", true],
  ["src/main.rs", "smrs", true],
  ["src/Main.rs", "main", true],
  ["src/main.rs", "mains", true],
  ["src/main.rs", "mainx", false],
  ["src/main.rs", "niam", false],
])("%s and %s", (path, typed, does) => {
  expect(fits(path, typed)).toBe(does);
});
