import { useState } from "react";
import { t } from "@/shared/i18n/strings";
import { DiffView } from "./diff-view";
import type { PatchLine } from "./patch-lines";
import { ShowAll } from "./show-all";

const LINES = 40;

/** A diff of which as much is seen as one reads in passing. */
export function LongDiff({ lines }: { lines: readonly PatchLine[] }) {
  const [all, setAll] = useState(false);
  return (
    <>
      <DiffView lines={all ? lines : lines.slice(0, LINES)} />
      {lines.length > LINES && (
        <ShowAll all={all} onChange={setAll} label={t.reply.showAll(lines.length)} />
      )}
    </>
  );
}
