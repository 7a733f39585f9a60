import { Plus } from "lucide-react";
import { RegistrationBatch } from "@/features/fleet/registration-batch";
import { RegistrationCard } from "@/features/fleet/registration-card";
import { RequestBatch } from "@/features/session/requests/request-batch";
import { RequestCard } from "@/features/session/requests/request-card";
import type { ChatSession, Machine } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import {
  isApproved,
  nameOf,
  sessionPresence,
  titleOf,
  workerPresence,
} from "@/shared/fleet/presence";
import { useMachines } from "@/shared/fleet/use-machines";
import { useSessions } from "@/shared/fleet/use-sessions";
import { useAllWorkers } from "@/shared/fleet/use-workers";
import { ago } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { Button } from "@/shared/ui/button";
import { Dot } from "@/shared/ui/dot";
import { useNeeds } from "./use-needs";
import { useNextNeed } from "./use-next-need";

const RECENT = 8;

/** What needs the user first, then where to go on, then where to begin. */
export function Home() {
  const sessions = useSessions().data ?? [];
  const recent = sessions.toSorted((a, b) => b.lastActivity - a.lastActivity).slice(0, RECENT);
  return (
    <div className="mx-auto w-full max-w-2xl px-5 py-6 md:py-10">
      <Needs sessions={sessions} />
      <Workers />
      {recent.length > 0 && (
        <section className="mt-10">
          <h2 className="mb-1 text-xs font-medium text-ink-3">{t.home.recent}</h2>
          <ul className="-mx-2">
            {recent.map((session) => (
              <RecentSession key={session.chatSessionId} session={session} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Needs({ sessions }: { sessions: readonly ChatSession[] }) {
  const { registrations, requests, count } = useNeeds();
  const go = useGo();
  const ids = [
    ...requests.map((request) => request.requestId),
    ...registrations.map(({ registration: r }) => r.workerId + r.fingerprint),
  ];
  const kept = useNextNeed(ids.join());
  if (count === 0)
    return (
      <section {...kept}>
        <p data-needs tabIndex={-1} className="text-base text-ink-2">
          {t.home.allQuiet}
        </p>
      </section>
    );
  return (
    <section {...kept} aria-label={t.needs.title}>
      <h1 data-needs tabIndex={-1} className="mb-3 text-xl font-semibold tracking-[-0.02em]">
        {t.needs.count(count)}
      </h1>
      <RequestBatch requests={requests} />
      <div className="mb-3 flex flex-col gap-3 empty:hidden">
        {requests.map((request) => {
          const session = sessions.find((s) => s.chatSessionId === request.chatSessionId);
          return (
            <RequestCard
              key={request.requestId}
              request={request}
              context={
                <p className="text-xs text-ink-3">
                  {session === undefined ? "" : titleOf(session)} · {ago(request.askedAt)} ·{" "}
                  <Button
                    look="link"
                    size="inline"
                    className="text-xs"
                    onClick={() => go({ session: request.chatSessionId })}
                  >
                    {t.needs.openSession}
                  </Button>
                </p>
              }
            />
          );
        })}
      </div>
      <RegistrationBatch
        asking={registrations.map(({ registration, worker, machine }) => ({
          registration,
          name: `${nameOf(worker)} · ${machine.name}`,
        }))}
      />
      <div className="flex flex-col gap-3">
        {registrations.map(({ registration, worker, machine }) => (
          <RegistrationCard
            key={registration.workerId + registration.fingerprint}
            registration={registration}
            workerName={nameOf(worker)}
            machineName={machine.name}
          />
        ))}
      </div>
    </section>
  );
}

function Workers() {
  const machines = useMachines().data ?? [];
  const workers = useAllWorkers(machines);
  const go = useGo();
  const all = machines.flatMap((machine) =>
    (workers.get(machine.machineId) ?? [])
      .filter(isApproved)
      .map((worker) => ({ machine, worker })),
  );
  const known = machines.every(({ machineId }) => workers.has(machineId));
  if (all.length === 0) return known && <NoWorkers machines={machines} />;
  return (
    <section className="mt-10">
      <h2 className="text-xs font-medium text-ink-3">{t.home.startWith}</h2>
      <p className="mb-2 text-ink-2">{t.home.workersHint}</p>
      <ul className="grid grid-cols-1 gap-2 sm:grid-cols-2">
        {all.map(({ machine, worker }) => {
          const presence = workerPresence(worker);
          return (
            <li key={worker.workerId}>
              <button
                type="button"
                onClick={() => go({ machine: machine.machineId, worker: worker.workerId })}
                className="flex w-full items-center gap-2.5 rounded-lg border border-line bg-raised px-3 py-2 text-left shadow-low hover:bg-hover"
              >
                <Dot {...presence} />
                <span className="min-w-0 flex-1">
                  <span className="block truncate font-medium">{nameOf(worker)}</span>
                  <span className="block truncate text-xs text-ink-3">
                    {machine.name} · {presence.label}
                  </span>
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Without a worker there is nobody to write to: the way on is to add one. */
function NoWorkers({ machines }: { machines: readonly Machine[] }) {
  return (
    <section className="mt-10">
      <h2 className="text-xs font-medium text-ink-3">{t.home.startWith}</h2>
      <p className="mb-2 text-ink-2">{t.home.noWorkers}</p>
      <div className="flex flex-wrap gap-2">
        {machines.map(({ machineId, name }) => (
          <Button
            key={machineId}
            className="max-w-full"
            onClick={() => openDialog({ kind: "create-worker", machineId })}
          >
            <Plus /> <span className="truncate">{t.home.addWorker(name)}</span>
          </Button>
        ))}
      </div>
    </section>
  );
}

function RecentSession({ session }: { session: ChatSession }) {
  const go = useGo();
  return (
    <li>
      <button
        type="button"
        onClick={() => go({ session: session.chatSessionId })}
        className="flex h-9 touch w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover"
      >
        <Dot {...sessionPresence(session)} className="size-1.5" />
        <span className="min-w-0 flex-1 truncate">{titleOf(session)}</span>
        <span className="text-xs text-ink-3">{ago(session.lastActivity)}</span>
      </button>
    </li>
  );
}
