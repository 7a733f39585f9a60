import { KeyRound, TriangleAlert } from "lucide-react";
import { toast } from "@/shared/ui/toast";
import type { Registration } from "@/shared/api/types";
import { ago } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useApproveWorker } from "./use-approve-worker";
import { useRejectWorker } from "./use-reject-worker";

interface RegistrationCardProps {
  registration: Registration;
  workerName: string;
  machineName: string;
}

/** What a worker tells of itself, its proved key, and the owner's decision. */
export function RegistrationCard({
  registration: r,
  workerName,
  machineName,
}: RegistrationCardProps) {
  const approve = useApproveWorker(() => toast.success(t.worker.approved(workerName)));
  const reject = useRejectWorker(() => toast(t.worker.rejected));
  const title = r.mismatch ? t.worker.mismatchTitle : t.worker.askTitle;
  return (
    <article
      data-need
      tabIndex={-1}
      aria-label={`${title}: ${workerName}`}
      className="rounded-lg border border-line bg-raised shadow-low"
    >
      <header className="flex items-start gap-2.5 border-b border-line px-4 py-3">
        {r.mismatch ? (
          <TriangleAlert aria-hidden className="mt-0.5 size-4 text-bad-ink" />
        ) : (
          <KeyRound aria-hidden className="mt-0.5 size-4 text-wait-ink" />
        )}
        <div className="min-w-0 flex-1">
          <h3 className="font-medium">{title}</h3>
          <p className="text-xs text-ink-3">
            {workerName} · {machineName} · {ago(r.requestedAt)}
          </p>
          {r.mismatch && <p className="mt-1 text-xs text-bad-ink">{t.worker.mismatchText}</p>}
        </div>
      </header>
      <Facts registration={r} />
      <footer className="flex flex-wrap justify-end gap-2 px-4 pt-1 pb-3">
        <Button busy={reject.isPending} onClick={() => reject.mutate(r)}>
          {r.mismatch ? t.worker.dismiss : t.worker.reject}
        </Button>
        <Button look="solid" busy={approve.isPending} onClick={() => approve.mutate(r)}>
          {t.worker.approve}
        </Button>
      </footer>
    </article>
  );
}

function Facts({ registration: r }: { registration: Registration }) {
  const facts = [
    [t.worker.host, r.hostname],
    [t.worker.user, r.osUser],
    [t.worker.directory, r.directory],
    [t.worker.backend, `${r.backend} ${r.version}`],
  ] as const;
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-5 gap-y-1 px-4 py-3 text-sm">
      {facts.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="text-ink-3">{label}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
      <dt className="text-ink-3">{t.worker.fingerprint}</dt>
      <dd className="min-w-0">
        <code className="font-mono text-xs break-all">{r.fingerprint}</code>
        <span className="block text-xs text-ink-3">{t.worker.compare}</span>
      </dd>
    </dl>
  );
}
