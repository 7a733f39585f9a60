import { describe, expect, it } from "vitest";
import { readDetails } from "./read-details";

const fieldsOf = (value: unknown) =>
  readDetails(JSON.stringify(value)).fields?.map((f) => [f.kind, f.name, f.value]);

describe("an object is taken apart", () => {
  it.each([
    ["a command", { command: "rm -r build" }, [["command", "command", "rm -r build"]]],
    [
      "a command as arguments",
      { cmd: ["bash", "-lc", "echo 'a b'"] },
      [["command", "cmd", `bash -lc 'echo '\\''a b'\\'''`]],
    ],
    [
      "the command first, then where",
      { description: "Removes the build", workdir: "/srv/app", command: "rm -r build" },
      [
        ["command", "command", "rm -r build"],
        ["path", "workdir", "/srv/app"],
        ["text", "description", "Removes the build"],
      ],
    ],
    ["a path", { filePath: "src/a.rs" }, [["path", "file path", "src/a.rs"]]],
    ["a change", { diff: "@@ -1 +1 @@\n-a\n+b\n" }, [["diff", "diff", "@@ -1 +1 @@\n-a\n+b\n"]]],
    ["a list", { patterns: ["rm *", "ls"] }, [["text", "patterns", "rm *\nls"]]],
    [
      "numbers and truth",
      { timeout_ms: 5, recursive: false },
      [
        ["text", "timeout ms", "5"],
        ["text", "recursive", "false"],
      ],
    ],
    ["what is nested", { at: { line: 1 } }, [["data", "at", '{\n  "line": 1\n}']]],
    [
      "without what is empty",
      { command: "ls", env: {}, note: null, to: "" },
      [["command", "command", "ls"]],
    ],
    ["an inherited name", JSON.parse('{"__proto__":"a"}'), [["text", "proto", "a"]]],
  ])("%s", (_, value, fields) => {
    expect(fieldsOf(value)).toEqual(fields);
  });
});

describe("anything else stays as it is", () => {
  it.each([
    ["text", "Delete the build directory?"],
    ["half an object", '{"command":'],
    ["a list", '["ls"]'],
    ["a word", '"ls"'],
    ["nothing in it", "{}"],
    [
      "more fields than anyone reads",
      JSON.stringify(Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`f${i}`, i]))),
    ],
  ])("%s", (_, details) => {
    expect(readDetails(details)).toEqual({ fields: null, text: details, cut: false });
  });
});

describe("what is hidden is spelled out", () => {
  it.each([
    ["a turned reading order", "rm \u202Egpj.sh", "rm \\u{202e}gpj.sh"],
    ["isolates", "a\u2066b\u2069", "a\\u{2066}b\\u{2069}"],
    ["a terminal's escapes", "\u001b[2Jls", "\\u{1b}[2Jls"],
    ["a line written over", "rm -r /\rls", "rm -r /\\u{d}ls"],
    ["no width", "l\u200Bs\uFEFF", "l\\u{200b}s\\u{feff}"],
    ["tags", "a\u{E0041}", "a\\u{e0041}"],
    ["a foreign line end", "a\u2028b", "a\\u{2028}b"],
    ["lines and tabs stay", "a\r\n\tb", "a\n\tb"],
  ])("%s", (_, command, shown) => {
    expect(readDetails(command).text).toBe(shown);
    expect(fieldsOf({ command })).toEqual([["command", "command", shown]]);
    expect(fieldsOf({ [`x${command}`]: 1 })?.[0]?.[1]).not.toMatch(
      /(?![\n\t])[\p{Cc}\p{Cf}\u2028]/u,
    );
  });
});

describe("size is bounded", () => {
  it.each([
    ["a long line", "x".repeat(10_000_000)],
    ["a long command", JSON.stringify({ command: "x".repeat(900_000) })],
    ["an endless object", JSON.stringify({ command: "x".repeat(10_000_000) })],
    ["a deep object", `{"a":${"[".repeat(400_000)}${"]".repeat(400_000)}}`],
  ])("%s", (_, details) => {
    const { fields, text, cut } = readDetails(details);
    expect(cut).toBe(true);
    expect(text.length).toBeLessThan(21_000);
    for (const field of fields ?? []) expect(field.value.length).toBeLessThan(21_000);
  });
});
