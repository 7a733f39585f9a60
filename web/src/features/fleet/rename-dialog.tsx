import { Dialog } from "@/shared/ui/dialog";
import { t } from "@/shared/i18n/strings";
import { NameForm } from "./name-form";

interface RenameDialogProps {
  title: string;
  initial: string;
  busy: boolean;
  error: unknown;
  onClose: () => void;
  onSubmit: (name: string) => void;
}

export function RenameDialog({ title, initial, onClose, ...form }: RenameDialogProps) {
  return (
    <Dialog open onOpenChange={onClose} title={title}>
      <NameForm initial={initial} submit={t.common.save} onCancel={onClose} {...form} />
    </Dialog>
  );
}
