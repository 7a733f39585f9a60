import { expect, it } from "vitest";
import { plainText } from "./plain-text";

it("drops terminal colours and titles", () => {
  expect(plainText("\u001b[32mok\u001b[0m \u001b]0;title\u0007done")).toBe("ok done");
});

it.each([
  ["user\u202Etxt.exe", "user\\u{202e}txt.exe"],
  ["\u2066a\u2069", "\\u{2066}a\\u{2069}"],
  ["a\u200Fb\u200E", "a\\u{200f}b\\u{200e}"],
  ["pay\u200Bpal", "pay\\u{200b}pal"],
])("spells out what turns the reading order around or is not seen: %j", (text, shown) => {
  expect(plainText(text)).toBe(shown);
});

it("drops what only moves a terminal's cursor", () => {
  expect(plainText("10 %\r20 %\u0008")).toBe("10 %20 %");
});

it("keeps lines and tabs", () => {
  expect(plainText("a\r\n\tb")).toBe("a\n\tb");
});
