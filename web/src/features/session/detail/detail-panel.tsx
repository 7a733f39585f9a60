import type { ReactNode } from "react";
import type { ChatSession, Worker } from "@/shared/api/types";
import { nameOf, workerPresence } from "@/shared/fleet/presence";
import { WorkerPermissions } from "@/shared/fleet/worker-permissions";
import { money } from "@/shared/i18n/money";
import { compact } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Dot } from "@/shared/ui/dot";
import { PlanEntries } from "../reply/plan-entries";
import { Changes } from "./changes";
import { usePlan } from "./use-session-parts";

interface DetailPanelProps {
  session: ChatSession;
  worker: Worker | undefined;
}

export function DetailPanel({ session, worker }: DetailPanelProps) {
  const plan = usePlan();
  return (
    <div className="h-full overflow-y-auto px-4 pb-6">
      <Section title={t.detail.changes}>
        <Changes />
      </Section>
      <Section title={t.detail.plan}>
        {plan === undefined ? (
          <p className="text-ink-3">{t.detail.noPlan}</p>
        ) : (
          <PlanEntries entries={plan.entries} />
        )}
      </Section>
      <Section title={t.detail.usage}>
        <Usage session={session} />
      </Section>
      {worker !== undefined && (
        <Section title={t.detail.worker}>
          <p className="mb-1 flex items-center gap-2">
            <Dot {...workerPresence(worker)} />
            <span className="font-medium">{nameOf(worker)}</span>
            <span className="text-ink-3">{workerPresence(worker).label}</span>
          </p>
          <p className="mb-3 font-mono text-xs break-all text-ink-3">{session.directory}</p>
          <WorkerPermissions workerId={worker.workerId} />
        </Section>
      )}
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-b border-line py-4 last:border-0">
      <h2 className="mb-2 text-xs font-medium text-ink-3">{title}</h2>
      {children}
    </section>
  );
}

function Usage({ session: { usage } }: { session: ChatSession }) {
  if (usage.inputTokens + usage.outputTokens === 0)
    return <p className="text-ink-3">{t.detail.noUsage}</p>;
  const cost = money(usage.cost);
  const rows = [
    [t.detail.input, compact(usage.inputTokens)],
    [t.detail.output, compact(usage.outputTokens)],
    ...(cost === null ? [] : [[t.detail.cost, cost] as const]),
  ] as const;
  return (
    <dl className="grid grid-cols-[1fr_auto] gap-y-1">
      {rows.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="text-ink-2">{label}</dt>
          <dd className="text-right tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
