import { useSignOutNow } from "@/shared/account/use-sign-out";
import { closeDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";

/** Before what was written and not sent is deleted. */
export default function SignOutDialog() {
  const signOut = useSignOutNow();
  return (
    <ConfirmDialog
      open
      onOpenChange={closeDialog}
      destructive
      title={t.auth.signOutTitle}
      text={t.auth.signOutText}
      action={t.auth.signOut}
      onConfirm={() => signOut.mutate()}
    />
  );
}
