import { useServer } from "@/shared/fleet/use-server";
import { t } from "@/shared/i18n/strings";
import { CommandLine } from "@/shared/ui/command-line";

/** The one command that starts a worker with this token, and the token by itself. */
export function WorkerCommand({ token }: { token: string }) {
  const server = useServer().data;
  const args = `--token '${token}' --server ${location.origin}`;
  return (
    <div className="flex flex-col gap-3">
      <CommandLine
        label={t.worker.command}
        copyLabel={t.worker.copyCommand}
        text={`muster-worker-agent run ${args}`}
      />
      <CommandLine
        label={t.worker.checkout}
        copyLabel={t.worker.copyCheckout}
        text={`cargo muster worker run ${args}`}
      />
      <CommandLine label={t.worker.token} copyLabel={t.worker.copyToken} text={token} />
      <p className="text-xs text-pretty text-ink-3">{t.worker.tokenNote}</p>
      {server?.localOnly === true && (
        <p className="rounded-md bg-wait-soft px-3 py-2 text-xs text-pretty text-wait-ink">
          {t.worker.localOnly}
        </p>
      )}
    </div>
  );
}
