/** A word at the caret that something may be suggested for. */
export interface Mention {
  kind: "file" | "command";
  /** What stands behind its mark. */
  typed: string;
  /** Where the mark stands. */
  from: number;
}

const MARK = { file: "@", command: "/" } as const;

/** A command begins the message, a file any word; the caret stands at the word's end. */
export function mentionAt(text: string, caret: number): Mention | null {
  if (/^\S/.test(text.slice(caret))) return null;
  const [, mark, typed] = /(?:^|\s)([@/])(\S*)$/.exec(text.slice(0, caret)) ?? [];
  if (mark === undefined || typed === undefined) return null;
  const from = caret - typed.length - 1;
  if (mark === MARK.file) return { kind: "file", typed, from };
  return from === 0 ? { kind: "command", typed, from } : null;
}

/** The text with what was chosen instead of what was typed, and where the caret then stands. */
export function withChoice(text: string, mention: Mention, value: string): [string, number] {
  const chosen = `${MARK[mention.kind]}${value} `;
  const rest = text.slice(mention.from + 1 + mention.typed.length).replace(/^ /, "");
  return [text.slice(0, mention.from) + chosen + rest, mention.from + chosen.length];
}
