import { closeDialog, openDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { CommandLine } from "@/shared/ui/command-line";
import { Dialog, DialogActions } from "@/shared/ui/dialog";

export function ConnectAgentDialog({ machineId }: { machineId: string | null }) {
  const steps = [
    [t.connectAgent.install, "npm install --global opencode-ai"],
    [t.connectAgent.signIn, "opencode auth login"],
    [
      t.connectAgent.start,
      `muster-worker-agent run --backend opencode --token '…' --server ${location.origin}`,
    ],
  ] as const;
  return (
    <Dialog
      open
      onOpenChange={closeDialog}
      title={t.connectAgent.title}
      description={t.connectAgent.text}
      className="sm:w-[36rem]"
    >
      <ol className="flex flex-col gap-3">
        {steps.map(([label, command], i) => (
          <li key={command}>
            <CommandLine
              label={`${i + 1}. ${label}`}
              copyLabel={`${t.common.copy}: ${label}`}
              text={command}
            />
          </li>
        ))}
      </ol>
      <DialogActions>
        <Button
          look="solid"
          onClick={() =>
            openDialog(
              machineId === null
                ? { kind: "create-machine" }
                : { kind: "create-worker", machineId },
            )
          }
        >
          {machineId === null ? t.machine.add : t.connectAgent.addWorker}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
