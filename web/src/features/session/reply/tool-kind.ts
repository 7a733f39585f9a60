export type ToolKind = "command" | "edit" | "web" | "search" | "plan" | "task" | "read" | "other";

const kinds: readonly (readonly [RegExp, ToolKind])[] = [
  [/bash|shell|exec|command|terminal/i, "command"],
  [/edit|write|patch|replace|create/i, "edit"],
  [/web|fetch|http|browser/i, "web"],
  [/grep|glob|search|find|list|ls/i, "search"],
  [/todo|plan/i, "plan"],
  [/task|agent/i, "task"],
  [/read|view|cat|open/i, "read"],
];

/** Backends name their tools freely; what they do shows in the name. */
export const toolKind = (name: string): ToolKind =>
  // `todowrite` writes no file.
  /todo/i.test(name) ? "plan" : (kinds.find(([pattern]) => pattern.test(name))?.[1] ?? "other");
