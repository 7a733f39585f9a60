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
import type { ToolKind } from "./tool-kind";

const icons = {
  command: SquareTerminal,
  edit: FilePen,
  web: Globe,
  search: Search,
  plan: ListChecks,
  task: Bot,
  read: FileText,
  other: Wrench,
};

export function ToolIcon({ kind }: { kind: ToolKind }) {
  const Icon = icons[kind];
  return <Icon />;
}
