import { toast } from "@/shared/ui/toast";
import { t } from "@/shared/i18n/strings";
import { Dialog } from "@/shared/ui/dialog";
import { NameForm } from "./name-form";
import { useCreateMachine } from "./use-create-machine";

interface CreateMachineDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onCreated: (machineId: string) => void;
}

export function CreateMachineDialog({ open, onOpenChange, onCreated }: CreateMachineDialogProps) {
  const create = useCreateMachine();
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t.machine.addTitle}
      description={t.machine.addText}
    >
      <NameForm
        placeholder={t.machine.namePlaceholder}
        submit={t.machine.add}
        busy={create.isPending}
        error={create.error}
        onCancel={() => onOpenChange(false)}
        onSubmit={(name) =>
          create.mutate(name, {
            onSuccess: (machine) => {
              toast.success(t.machine.added(machine.name));
              onOpenChange(false);
              onCreated(machine.machineId);
            },
          })
        }
      />
    </Dialog>
  );
}
