import { expect, it, vi } from "vitest";
import { money } from "./money";

it.each([
  [null, null],
  [undefined, null],
  [0, null],
  [-1, null],
  [Number.NaN, null],
  [Infinity, null],
  [0.0000123, "$0.000012"],
  [0.0042, "$0.0042"],
  [0.05, "$0.05"],
  [0.12345, "$0.1235"],
  [0.5, "$0.50"],
  [1.234, "$1.23"],
  [1234.5, "$1,234.50"],
])("%s is shown as %s", (amount, shown) => {
  expect(money(amount)).toBe(shown);
});

it("speaks the language of the page", async () => {
  localStorage.setItem("muster.language", "de");
  vi.resetModules();
  const german = await import("./money");
  expect(german.money(1234.5)).toBe("1.234,50\u00a0$");
});
