import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { useServer } from "@/shared/fleet/use-server";
import { t } from "@/shared/i18n/strings";
import { CommandLine } from "@/shared/ui/command-line";
import { AgentSelect } from "./agent-select";
import { argsOf, type AgentId } from "./agents";

/** The one command that starts a worker with this token, other ways to it, and the token by itself. */
export function WorkerCommand({ token }: { token: string }) {
  const server = useServer().data;
  const [agent, setAgent] = useState<AgentId>("opencode");
  const args = `--token '${token}' --server ${location.origin}${argsOf(agent)}`;
  const installed = (
    <CommandLine
      label={t.worker.command}
      copyLabel={t.worker.copyCommand}
      text={`muster-worker-agent run ${args}`}
    />
  );
  const script = server?.installScript;
  return (
    <div className="flex flex-col gap-3">
      <AgentSelect value={agent} onChange={setAgent} />
      {script === undefined ? (
        installed
      ) : (
        <CommandLine
          label={t.worker.install}
          copyLabel={t.worker.copyInstall}
          text={`curl -fsSL ${script} | sh -s -- --token '${token}'${argsOf(agent)}`}
        />
      )}
      <CommandLine label={t.worker.token} copyLabel={t.worker.copyToken} text={token} />
      <p className="text-xs text-pretty text-ink-3">{t.worker.tokenNote}</p>
      <details className="group">
        <summary className="flex touch w-fit cursor-pointer list-none items-center gap-1.5 rounded-md py-1 text-xs font-medium text-ink-2 hover:text-ink">
          <ChevronRight
            aria-hidden
            className="size-3.5 transition-transform group-open:rotate-90"
          />
          {t.worker.otherWays}
        </summary>
        <div className="mt-2 flex flex-col gap-3">
          {script !== undefined && installed}
          <CommandLine
            label={t.worker.checkout}
            copyLabel={t.worker.copyCheckout}
            text={`cargo muster worker run ${args}`}
          />
        </div>
      </details>
      {server?.localOnly === true && (
        <p className="rounded-md bg-wait-soft px-3 py-2 text-xs text-pretty text-wait-ink">
          {t.worker.localOnly}
        </p>
      )}
    </div>
  );
}
