import {
  Bot,
  FilePen,
  FileText,
  Globe,
  ListChecks,
  Search,
  SquareTerminal,
  Wrench,
} from "lucide-react";

const kinds: readonly [RegExp, typeof Wrench][] = [
  [/bash|shell|exec|command|terminal/i, SquareTerminal],
  [/edit|write|patch|replace|create/i, FilePen],
  [/web|fetch|http|browser/i, Globe],
  [/grep|glob|search|find|list|ls/i, Search],
  [/todo|plan/i, ListChecks],
  [/task|agent/i, Bot],
  [/read|view|cat|open/i, FileText],
];

/** Backends name their tools freely; what they do shows in the name. */
export function ToolIcon({ name }: { name: string }) {
  const Icon = kinds.find(([pattern]) => pattern.test(name))?.[1] ?? Wrench;
  return <Icon />;
}
