import type { Machine, Worker } from "@/shared/api/types";
import { nameOf, stateOf } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { RegistrationCard } from "./registration-card";
import { WorkerItem } from "./worker-item";

interface WorkersListProps {
  machine: Machine;
  workers: readonly Worker[];
}

/** A machine's workers by what they need: a decision first, then those to talk to. */
export function WorkersList({ machine, workers }: WorkersListProps) {
  const asking = workers.flatMap((worker) =>
    worker.registrations.map((registration) => ({ worker, registration })),
  );
  const inState = (...states: readonly ReturnType<typeof stateOf>[]) =>
    workers.filter((worker) => states.includes(stateOf(worker)));
  const groups = [
    [t.worker.groups.online, inState("online")],
    [t.worker.groups.offline, inState("offline", "ready")],
    [t.worker.groups.unknown, inState("unknown")],
    [
      t.worker.groups.pending,
      inState("pending_authorization").filter((w) => w.registrations.length === 0),
    ],
  ] as const;
  return (
    <>
      {asking.length > 0 && (
        <section className="mt-8">
          <h2 className="mb-2 text-xs font-medium text-ink-3">{t.worker.groups.asking}</h2>
          <div className="flex flex-col gap-3">
            {asking.map(({ worker, registration }) => (
              <RegistrationCard
                key={registration.fingerprint}
                registration={registration}
                workerName={nameOf(worker)}
                machineName={machine.name}
              />
            ))}
          </div>
        </section>
      )}
      {groups.map(
        ([title, members]) =>
          members.length > 0 && (
            <section key={title} className="mt-8">
              <h2 className="mb-1 text-xs font-medium text-ink-3">{title}</h2>
              <ul>
                {members.map((worker) => (
                  <WorkerItem key={worker.workerId} worker={worker} />
                ))}
              </ul>
            </section>
          ),
      )}
    </>
  );
}
