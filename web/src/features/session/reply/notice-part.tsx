import { Info } from "lucide-react";
import type { PartOf } from "@/shared/api/types";
import { plainText } from "./plain-text";

/** What the user must know and the agent did not say: tried again, compacted, forgotten, left out. */
export function NoticePart({ part }: { part: PartOf<"notice"> }) {
  return (
    <p role="note" className="flex items-start gap-2 text-sm text-ink-2">
      <Info aria-hidden className="mt-0.75 size-3.5 shrink-0 text-ink-3" />
      <span className="min-w-0 break-words whitespace-pre-line">{plainText(part.text)}</span>
    </p>
  );
}
