import { expect, it } from "vitest";
import { visibleText } from "./visible-text";

it("spells out what moves the cursor, turns the order around or is not seen", () => {
  expect(visibleText("rm\u0008 a\u202Eb\u200Bc\u200Dd")).toBe(
    "rm\\u{8} a\\u{202e}b\\u{200b}c\\u{200d}d",
  );
  expect(visibleText("one\r\n\ttwo")).toBe("one\n\ttwo");
});

it("leaves emoji whole, and spells out a joiner that joins none", () => {
  expect(visibleText("👩\u200D💻 👩🏽\u200D💻 🏳️\u200D🌈")).toBe("👩\u200D💻 👩🏽\u200D💻 🏳️\u200D🌈");
  expect(visibleText("👩\u200D rm")).toBe("👩\\u{200d} rm");
});
