import type { Machine } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";

/** "2/3" for the eye, the whole sentence for everyone else. */
export function MachineCounts({ machine }: { machine: Machine }) {
  const { online, offline, pending } = machine.workerCounts;
  const words = t.machine.counts(online, offline, pending);
  return (
    <span title={words} className="text-xs whitespace-nowrap text-ink-2 tabular-nums">
      <span aria-hidden>
        {online}/{online + offline}
        {pending > 0 && <span className="text-wait-ink"> +{pending}</span>}
      </span>
      <span className="sr-only">{words}</span>
    </span>
  );
}
