import { useState } from "react";
import { useMe } from "@/shared/account/use-me";
import { useSignOut } from "@/shared/account/use-sign-out";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { PasswordForm } from "./password-form";

export function AccountSettings() {
  const me = useMe();
  const signOut = useSignOut();
  const [changing, setChanging] = useState(false);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <div className="mr-auto min-w-0">
          <p className="truncate font-medium">{me.username}</p>
          <p className="text-xs text-ink-3">{t.settings.role[me.role]}</p>
        </div>
        <Button onClick={() => setChanging(true)} disabled={changing}>
          {me.hasPassword ? t.settings.changePassword : t.settings.setPassword}
        </Button>
        <Button busy={signOut.isPending} onClick={() => signOut.mutate()}>
          {t.auth.signOut}
        </Button>
      </div>
      {changing && <PasswordForm onDone={() => setChanging(false)} />}
    </>
  );
}
