import { ChevronRight } from "lucide-react";
import { useMemo, useState } from "react";
import type { PartOf } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { DiffCounts } from "../reply/diff-view";
import { LongDiff } from "../reply/long-diff";
import { countChanges, patchLines } from "../reply/patch-lines";
import { useShortPath } from "../reply/short-path";
import { useDiffs } from "./use-session-parts";

export function Changes() {
  const diffs = useDiffs();
  if (diffs.length === 0) return <p className="text-ink-3">{t.detail.noChanges}</p>;
  return (
    <ul className="-mx-2">
      {diffs.map((part, i) => (
        <Change key={`${part.partId} ${i}`} part={part} />
      ))}
    </ul>
  );
}

function Change({ part }: { part: PartOf<"diff"> }) {
  const [open, setOpen] = useState(false);
  const path = useShortPath(part.path);
  const lines = useMemo(() => patchLines(part.patch), [part.patch]);
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex h-8 touch w-full items-center gap-2 rounded-md px-2 text-left hover:bg-hover"
      >
        <ChevronRight
          aria-hidden
          className={cn("size-3.5 shrink-0 text-ink-3 transition-transform", open && "rotate-90")}
        />
        <span title={part.path} className="min-w-0 flex-1 truncate font-mono text-xs">
          {path}
        </span>
        <DiffCounts {...countChanges(lines)} />
      </button>
      {open && (
        <div className="mx-2 mb-2 overflow-hidden rounded-md border border-line">
          <LongDiff lines={lines} />
        </div>
      )}
    </li>
  );
}
