import type { ReactNode } from "react";
import { t } from "@/shared/i18n/strings";
import { PageTitle } from "@/shared/ui/page-title";

interface PaneProps {
  /** Nothing where it is not known. */
  title: string;
  before: ReactNode;
  mark: ReactNode;
  children: ReactNode;
}

/** The frame of every place that is not a session: a thin header over something that scrolls. */
export function Pane({ title, before, mark, children }: PaneProps) {
  return (
    <div className="flex h-full flex-col">
      <PageTitle of={title} />
      <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-2 md:px-4">
        {before}
        <span className="truncate font-semibold">{title || t.name}</span>
        <span className="flex-1" />
        {mark}
      </header>
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">{children}</div>
    </div>
  );
}
