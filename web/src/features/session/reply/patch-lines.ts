import { parsePatch } from "diff";
import { visibleText } from "../requests/visible-text";

export interface PatchLine {
  kind: "add" | "del" | "same" | "gap";
  /** With what nobody would see in it spelled out. */
  text: string;
  oldNumber: number | null;
  newNumber: number | null;
}

/** The lines of a unified diff with their numbers; a patch that cannot be read is shown as it came. */
export function patchLines(patch: string): readonly PatchLine[] {
  try {
    return parsePatch(patch).flatMap((file) => file.hunks.flatMap(linesOf));
  } catch {
    return patch.split("\n").map((text) => line(kindOf(text), text.slice(1), null, null));
  }
}

function kindOf(raw: string): PatchLine["kind"] {
  return raw.startsWith("+") ? "add" : raw.startsWith("-") ? "del" : "same";
}

type Hunk = ReturnType<typeof parsePatch>[number]["hunks"][number];

function linesOf(hunk: Hunk, index: number): PatchLine[] {
  let [before, after] = [hunk.oldStart, hunk.newStart];
  const lines = hunk.lines
    .filter((raw) => !raw.startsWith("\\"))
    .map((raw) => {
      const text = raw.slice(1);
      if (raw.startsWith("+")) return line("add", text, null, after++);
      if (raw.startsWith("-")) return line("del", text, before++, null);
      return line("same", text, before++, after++);
    });
  return index === 0 ? lines : [line("gap", "", null, null), ...lines];
}

function line(
  kind: PatchLine["kind"],
  text: string,
  oldNumber: number | null,
  newNumber: number | null,
): PatchLine {
  // A file with foreign line ends has this in each line.
  const shown = visibleText(text.replace(/\r$/, ""));
  return { kind, text: shown, oldNumber, newNumber };
}

export function countChanges(lines: readonly PatchLine[]): { added: number; deleted: number } {
  return {
    added: lines.filter((l) => l.kind === "add").length,
    deleted: lines.filter((l) => l.kind === "del").length,
  };
}
