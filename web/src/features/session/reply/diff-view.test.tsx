import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { DiffView } from "./diff-view";
import { patchLines } from "./patch-lines";

const show = (text: string) =>
  render(<DiffView lines={patchLines(`@@ -1,1 +1,1 @@\n-before\n+${text}\n`)} />);

it.each([
  ["a reading order that is turned", "if (admin) {\u202E // }", "if (admin) {\\u{202e} // }"],
  ["isolates", "\u2066a\u2069", "\\u{2066}a\\u{2069}"],
  ["marks", "a\u200Eb\u200F", "a\\u{200e}b\\u{200f}"],
  ["what has no width", "us\u200Ber\uFEFF", "us\\u{200b}er\\u{feff}"],
])("a changed line shows %s", (_, text, shown) => {
  show(text);
  expect(screen.getByText(shown)).toBeVisible();
});

it("a patch that cannot be read shows it too", () => {
  render(<DiffView lines={patchLines("@@ -1,9 +1,9 @@\n+a\u202Eb")} />);
  expect(screen.getByText("a\\u{202e}b")).toBeVisible();
});

it("tabs and foreign line ends are no secret", () => {
  const { container } = show("\tindented\r");
  expect(container.querySelector(".bg-add-soft td:last-child")?.textContent).toBe("\tindented");
});
