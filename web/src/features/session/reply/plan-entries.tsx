import { Circle, CircleCheck, CircleDot, CircleSlash } from "lucide-react";
import type { PartOf } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";

const icons = {
  pending: Circle,
  in_progress: CircleDot,
  completed: CircleCheck,
  cancelled: CircleSlash,
};
const tints = {
  pending: "text-ink-3",
  in_progress: "text-signal",
  completed: "text-live-ink",
  cancelled: "text-ink-3",
};

type Entry = Pick<PartOf<"plan">["entries"][number], "content" | "status">;

export function PlanEntries({ entries }: { entries: readonly Entry[] }) {
  return (
    <ul className="flex flex-col gap-1">
      {entries.map(({ content, status }, i) => {
        const Icon = icons[status];
        return (
          <li key={i} className="flex items-start gap-2 text-sm">
            <Icon
              role="img"
              aria-label={t.reply.entry[status]}
              className={cn("mt-0.5 size-4 shrink-0", tints[status])}
            />
            <span className={cn(status === "completed" && "text-ink-3")}>{content}</span>
          </li>
        );
      })}
    </ul>
  );
}
