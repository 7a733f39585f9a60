import { expect, it } from "vitest";
import { withinPage } from "./within-page";

it.each(["/app", "/app?session=s#m", "/settings"])("%s is of this page", (path) => {
  expect(withinPage(path)).toBe(path);
});

it.each([
  null,
  "",
  "app",
  "//",
  "//evil.example",
  "/\\evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "/.//evil.example",
  "https://evil.example",
])("%j is not", (path) => {
  expect(withinPage(path)).toBeUndefined();
});
