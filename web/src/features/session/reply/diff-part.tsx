import { FileDiff } from "lucide-react";
import { useMemo } from "react";
import type { PartOf } from "@/shared/api/types";
import { CopyButton } from "@/shared/ui/copy-button";
import { t } from "@/shared/i18n/strings";
import { DiffCounts } from "./diff-view";
import { LongDiff } from "./long-diff";
import { countChanges, patchLines } from "./patch-lines";
import { useShortPath } from "./short-path";

export function DiffPart({ part }: { part: PartOf<"diff"> }) {
  const path = useShortPath(part.path);
  const lines = useMemo(() => patchLines(part.patch), [part.patch]);
  return (
    <figure className="overflow-hidden rounded-lg border border-line">
      <figcaption className="flex h-9 items-center gap-2 border-b border-line bg-panel pr-1 pl-3">
        <FileDiff aria-hidden className="size-3.5 shrink-0 text-ink-3" />
        <span title={part.path} className="truncate font-mono text-xs">
          {path}
        </span>
        <DiffCounts {...countChanges(lines)} />
        <span className="flex-1" />
        <CopyButton text={part.patch} label={`${t.common.copy}: ${path}`} />
      </figcaption>
      <LongDiff lines={lines} />
    </figure>
  );
}
