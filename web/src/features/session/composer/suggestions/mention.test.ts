import { expect, it } from "vitest";
import { mentionAt, withChoice } from "./mention";

/** The caret stands at the bar. */
const at = (marked: string) => mentionAt(marked.replace("|", ""), marked.indexOf("|"));

it.each([
  ["@|", { kind: "file", typed: "", from: 0 }],
  ["see @src/ma|", { kind: "file", typed: "src/ma", from: 4 }],
  ["see @ma| and go on", { kind: "file", typed: "ma", from: 4 }],
  ["one\n@ma|", { kind: "file", typed: "ma", from: 4 }],
  ["/|", { kind: "command", typed: "", from: 0 }],
  ["/re| it", { kind: "command", typed: "re", from: 0 }],
])("%s", (marked, mention) => {
  expect(at(marked)).toEqual(mention);
});

it.each(["", "|", "me@home|", "@m|ain", "@main |", "say /re|", "/usr/bin |", "a/b|"])(
  "nothing is suggested in “%s”",
  (marked) => {
    expect(at(marked)).toBeNull();
  },
);

it("what was typed is replaced, and one goes on behind it", () => {
  const mention = { kind: "file", typed: "ma", from: 4 } as const;
  expect(withChoice("see @ma", mention, "src/main.rs")).toEqual(["see @src/main.rs ", 17]);
  expect(withChoice("see @ma and on", mention, "x")).toEqual(["see @x and on", 7]);
});
