import { useState } from "react";
import { messageOf } from "@/shared/api/api-error";
import type { Schemas } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Dialog, DialogActions } from "@/shared/ui/dialog";
import { Field } from "@/shared/ui/field";
import { Input } from "@/shared/ui/input";
import { useRenamePasskey } from "./use-passkeys";

interface RenamePasskeyDialogProps {
  passkey: Schemas["Passkey"];
  onClose: () => void;
}

export function RenamePasskeyDialog({ passkey, onClose }: RenamePasskeyDialogProps) {
  const rename = useRenamePasskey();
  const [name, setName] = useState(passkey.name);
  const { passkeyId } = passkey;
  return (
    <Dialog open onOpenChange={onClose} title={t.passkeys.renameTitle}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate({ passkeyId, name: name.trim() }, { onSuccess: onClose });
        }}
      >
        <Field label={t.common.name} error={rename.isError ? messageOf(rename.error) : undefined}>
          {(ids) => (
            <Input
              {...ids}
              maxLength={64}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="solid" disabled={name.trim() === ""} busy={rename.isPending}>
            {t.common.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
