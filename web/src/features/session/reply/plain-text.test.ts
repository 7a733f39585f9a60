import { expect, it } from "vitest";
import { plainText } from "./plain-text";

it("drops terminal colours and titles", () => {
  expect(plainText("\u001b[32mok\u001b[0m \u001b]0;title\u0007done")).toBe("ok done");
});

it("drops what turns the reading order around", () => {
  expect(plainText("user\u202Etxt.exe")).toBe("usertxt.exe");
});

it("keeps lines and tabs", () => {
  expect(plainText("a\r\n\tb")).toBe("a\n\tb");
});
