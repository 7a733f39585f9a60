import { useState } from "react";
import type { Machine } from "@/shared/api/types";
import { useWorkers } from "@/shared/fleet/use-workers";
import { workerToken } from "@/shared/fleet/worker-token";
import { t } from "@/shared/i18n/strings";
import { Dialog } from "@/shared/ui/dialog";
import { NameForm } from "./name-form";
import { useCreateWorker } from "./use-create-worker";
import { WaitingForWorker } from "./waiting-for-worker";
import { WorkerCommand } from "./worker-command";

interface CreateWorkerDialogProps {
  machine: Machine;
  /** A worker that exists already: shows its command again. */
  existing?: string | undefined;
  onClose: () => void;
  onStart: (workerId: string) => void;
}

export function CreateWorkerDialog({
  machine,
  existing,
  onClose,
  onStart,
}: CreateWorkerDialogProps) {
  const create = useCreateWorker(machine.machineId);
  const [created, setCreated] = useState<{ workerId: string; token: string } | null>(
    existing === undefined
      ? null
      : {
          workerId: existing,
          token: workerToken({ machineId: machine.machineId, workerId: existing }),
        },
  );
  const workers = useWorkers(machine.machineId).data;
  if (created === null)
    return (
      <Dialog
        open
        onOpenChange={onClose}
        title={t.worker.addTitle(machine.name)}
        description={t.worker.addText}
      >
        <NameForm
          isOptional
          placeholder={t.worker.namePlaceholder}
          submit={t.worker.create}
          busy={create.isPending}
          error={create.error}
          onCancel={onClose}
          onSubmit={(name) => create.mutate(name, { onSuccess: setCreated })}
        />
      </Dialog>
    );
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t.worker.tokenTitle}
      description={t.worker.tokenText}
      className="sm:top-[7vh] sm:w-[36rem]"
    >
      <div className="flex flex-col gap-5">
        <WorkerCommand token={created.token} />
        <WaitingForWorker
          machine={machine}
          worker={workers?.find((w) => w.workerId === created.workerId)}
          onStart={(id) => {
            onClose();
            onStart(id);
          }}
        />
      </div>
    </Dialog>
  );
}
