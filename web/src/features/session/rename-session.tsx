import { useState } from "react";
import type { ChatSession } from "@/shared/api/types";
import { closeDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Dialog, DialogActions } from "@/shared/ui/dialog";
import { Field } from "@/shared/ui/field";
import { Input } from "@/shared/ui/input";
import { useUpdateSession } from "./actions/use-session-actions";

export function RenameSession({ session }: { session: ChatSession }) {
  const update = useUpdateSession(session.chatSessionId);
  const [title, setTitle] = useState(session.title);
  return (
    <Dialog open onOpenChange={closeDialog} title={t.session.rename}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          update.mutate({ title: title.trim() }, { onSuccess: closeDialog });
        }}
      >
        <Field label={t.common.name}>
          {(ids) => (
            <Input
              {...ids}
              maxLength={200}
              value={title}
              onChange={(event) => setTitle(event.target.value)}
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={closeDialog}>{t.common.cancel}</Button>
          <Button type="submit" look="solid" disabled={title.trim() === ""} busy={update.isPending}>
            {t.common.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
