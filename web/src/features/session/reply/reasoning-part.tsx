import { Brain } from "lucide-react";
import type { PartOf } from "@/shared/api/types";
import { took } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Fold } from "./fold";
import { Markdown } from "./markdown";

export function ReasoningPart({
  part,
  streaming,
}: {
  part: PartOf<"reasoning">;
  streaming: boolean;
}) {
  const running = streaming && part.endedAt == null;
  const label = running
    ? t.reply.thinking
    : part.endedAt == null
      ? t.reply.reasoning
      : t.reply.thoughtFor(took(part.endedAt - part.startedAt));
  return (
    <Fold
      icon={<Brain />}
      summary={<span className={running ? "animate-breathe" : undefined}>{label}</span>}
    >
      <div className="text-ink-2 [&_.prose]:text-sm">
        <Markdown text={part.text} streaming={running} />
      </div>
    </Fold>
  );
}
