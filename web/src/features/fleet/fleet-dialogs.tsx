import { toast } from "@/shared/ui/toast";
import type { Machine, Worker } from "@/shared/api/types";
import { closeDialog, useOpenDialog } from "@/shared/dialogs/dialog-store";
import { nameOf } from "@/shared/fleet/presence";
import { useMachines } from "@/shared/fleet/use-machines";
import { useWorkers } from "@/shared/fleet/use-workers";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { CreateMachineDialog } from "./create-machine-dialog";
import { CreateWorkerDialog } from "./create-worker-dialog";
import { RenameDialog } from "./rename-dialog";
import { useDeleteMachine } from "./use-delete-machine";
import { useRemoveWorker } from "./use-remove-worker";
import { useUpdateMachine } from "./use-update-machine";
import { useUpdateWorker } from "./use-update-worker";

export function FleetDialogs() {
  const open = useOpenDialog();
  const go = useGo();
  const machines = useMachines().data ?? [];
  if (open?.kind === "create-machine")
    return (
      <CreateMachineDialog
        open
        onOpenChange={closeDialog}
        onCreated={(machine) => go({ machine })}
      />
    );
  if (open === null || !("machineId" in open)) return null;
  const machine = machines.find((m) => m.machineId === open.machineId);
  if (machine === undefined) return null;
  switch (open.kind) {
    case "create-worker":
      return (
        <CreateWorkerDialog
          machine={machine}
          existing={open.existing}
          onClose={closeDialog}
          onStart={(worker) => go({ machine: machine.machineId, worker })}
        />
      );
    case "rename-machine":
      return <RenameMachine machine={machine} />;
    case "delete-machine":
      return <DeleteMachine machine={machine} />;
    case "rename-worker":
    case "remove-worker":
      return <WorkerDialog kind={open.kind} machine={machine} workerId={open.workerId} />;
    default:
      return null;
  }
}

function RenameMachine({ machine }: { machine: Machine }) {
  const update = useUpdateMachine(machine.machineId);
  return (
    <RenameDialog
      title={t.machine.rename}
      initial={machine.name}
      busy={update.isPending}
      error={update.error}
      onClose={closeDialog}
      onSubmit={(name) => update.mutate({ name }, { onSuccess: closeDialog })}
    />
  );
}

function DeleteMachine({ machine }: { machine: Machine }) {
  const go = useGo();
  const remove = useDeleteMachine(() => {
    toast(t.machine.deleted(machine.name));
    go({});
  });
  return (
    <ConfirmDialog
      open
      onOpenChange={closeDialog}
      destructive
      title={t.machine.deleteTitle(machine.name)}
      text={t.machine.deleteText(machine.assistantCount)}
      action={t.machine.delete}
      onConfirm={() => remove.mutate(machine.machineId)}
    />
  );
}

interface WorkerDialogProps {
  kind: "rename-worker" | "remove-worker";
  machine: Machine;
  workerId: string;
}

function WorkerDialog({ kind, machine, workerId }: WorkerDialogProps) {
  const worker = useWorkers(machine.machineId).data?.find((w) => w.workerId === workerId);
  if (worker === undefined) return null;
  return kind === "rename-worker" ? (
    <RenameWorker worker={worker} />
  ) : (
    <RemoveWorker worker={worker} />
  );
}

function RenameWorker({ worker }: { worker: Worker }) {
  const update = useUpdateWorker(worker.workerId);
  return (
    <RenameDialog
      title={t.worker.rename}
      initial={worker.name ?? ""}
      busy={update.isPending}
      error={update.error}
      onClose={closeDialog}
      onSubmit={(name) => update.mutate(name, { onSuccess: closeDialog })}
    />
  );
}

function RemoveWorker({ worker }: { worker: Worker }) {
  const go = useGo();
  const remove = useRemoveWorker(() => {
    toast(t.worker.removed(nameOf(worker)));
    go({ machine: worker.machineId });
  });
  return (
    <ConfirmDialog
      open
      onOpenChange={closeDialog}
      destructive
      title={t.worker.removeTitle(nameOf(worker))}
      text={t.worker.removeText}
      action={t.worker.remove}
      onConfirm={() => remove.mutate(worker.workerId)}
    />
  );
}
