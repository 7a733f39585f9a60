import { ListChecks } from "lucide-react";
import type { PartOf } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Fold } from "./fold";
import { PlanEntries } from "./plan-entries";

export function PlanPart({ part }: { part: PartOf<"plan"> }) {
  const done = part.entries.filter((entry) => entry.status === "completed").length;
  return (
    <Fold
      initiallyOpen
      icon={<ListChecks />}
      summary={
        <>
          <span className="font-medium text-ink">{t.reply.plan}</span>
          <span className="text-xs text-ink-3">{t.reply.planDone(done, part.entries.length)}</span>
        </>
      }
    >
      <PlanEntries entries={part.entries} />
    </Fold>
  );
}
