import { t } from "@/shared/i18n/strings";
import { LoadError } from "@/shared/ui/load-error";
import { Skeleton } from "@/shared/ui/skeleton";
import { useWorkerPermissions } from "./use-worker-permissions";

/** Exactly which subjects of the broker a worker may use. */
export function WorkerPermissions({ workerId }: { workerId: string }) {
  const permissions = useWorkerPermissions(workerId);
  if (permissions.isPending) return <Skeleton className="h-16 w-full" />;
  if (permissions.isError)
    return <LoadError error={permissions.error} onRetry={() => void permissions.refetch()} />;
  return (
    <div className="flex flex-col gap-3">
      <p className="text-xs text-pretty text-ink-3">{t.worker.permissionsText}</p>
      <Subjects title={t.worker.mayPublish} subjects={permissions.data.publish} />
      <Subjects title={t.worker.mayRead} subjects={permissions.data.subscribe} />
    </div>
  );
}

function Subjects({ title, subjects }: { title: string; subjects: readonly string[] }) {
  return (
    <div>
      <h3 className="text-xs font-medium text-ink-2">{title}</h3>
      <ul className="mt-1 font-mono text-xs text-ink-2">
        {subjects.map((subject) => (
          <li key={subject} className="py-0.5 break-all">
            {subject}
          </li>
        ))}
      </ul>
    </div>
  );
}
