import { Plus } from "lucide-react";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";

export function MachineEmptyState({ onAdd }: { onAdd: () => void }) {
  return (
    <section className="m-auto flex w-full max-w-lg flex-col items-start p-6">
      <h1 className="text-xl font-semibold tracking-[-0.02em] text-balance">
        {t.machine.emptyTitle}
      </h1>
      <p className="mt-2 text-base text-pretty text-ink-2">{t.machine.emptyText}</p>
      <ol className="mt-6 w-full border-t border-line">
        {t.machine.steps.map((step, i) => (
          <li key={step} className="flex items-baseline gap-3 border-b border-line py-2.5">
            <span className="w-4 text-right text-xs text-ink-3 tabular-nums">{i + 1}</span>
            <span className={i === 0 ? "font-medium" : "text-ink-2"}>{step}</span>
          </li>
        ))}
      </ol>
      <Button look="solid" size="lg" className="mt-6" onClick={onAdd}>
        <Plus /> {t.machine.add}
      </Button>
    </section>
  );
}
