import { EllipsisVertical, Fingerprint, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { browserHasPasskeys } from "@/shared/account/passkey";
import { useAuthMethods } from "@/shared/account/use-auth-methods";
import type { Schemas } from "@/shared/api/client";
import { ago } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { IconButton } from "@/shared/ui/icon-button";
import { LoadError } from "@/shared/ui/load-error";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/shared/ui/menu";
import { Skeleton } from "@/shared/ui/skeleton";
import { RenamePasskeyDialog } from "./rename-passkey-dialog";
import { useAddPasskey, usePasskeys, useRemovePasskey } from "./use-passkeys";

type Passkey = Schemas["Passkey"];

/** Signing in with a fingerprint, a face or a key. */
export function PasskeySettings() {
  const passkeys = usePasskeys();
  const remove = useRemovePasskey();
  const [leaving, setLeaving] = useState<Passkey | null>(null);
  const [renaming, setRenaming] = useState<Passkey | null>(null);
  if (passkeys.isPending) return <Skeleton className="h-10 w-full" />;
  if (passkeys.isError)
    return <LoadError error={passkeys.error} onRetry={() => void passkeys.refetch()} />;
  return (
    <>
      <ul aria-label={t.passkeys.title} className="divide-y divide-line">
        {passkeys.data.items.map((passkey) => (
          <li key={passkey.passkeyId} className="flex items-center gap-3 py-2 first:pt-0">
            <Fingerprint aria-hidden className="size-4 shrink-0 text-ink-3" />
            <div className="mr-auto min-w-0">
              <p className="truncate">{passkey.name}</p>
              <p className="text-xs text-ink-3">{described(passkey)}</p>
            </div>
            <Menu>
              <MenuTrigger asChild>
                <IconButton label={t.rail.menuOf(passkey.name)}>
                  <EllipsisVertical />
                </IconButton>
              </MenuTrigger>
              <MenuContent>
                <MenuItem onSelect={() => setRenaming(passkey)}>
                  <Pencil /> {t.common.rename}
                </MenuItem>
                <MenuSeparator />
                <MenuItem destructive onSelect={() => setLeaving(passkey)}>
                  <Trash2 /> {t.passkeys.remove}
                </MenuItem>
              </MenuContent>
            </Menu>
          </li>
        ))}
      </ul>
      {passkeys.data.items.length === 0 && <p className="text-ink-3">{t.passkeys.none}</p>}
      <Add />
      {renaming !== null && (
        <RenamePasskeyDialog passkey={renaming} onClose={() => setRenaming(null)} />
      )}
      <ConfirmDialog
        open={leaving !== null}
        onOpenChange={() => setLeaving(null)}
        title={t.passkeys.removeTitle(leaving?.name ?? "")}
        text={t.passkeys.removeText}
        action={t.passkeys.remove}
        destructive
        onConfirm={() => leaving !== null && remove.mutate(leaving.passkeyId)}
      />
    </>
  );
}

function Add() {
  const add = useAddPasskey();
  const methods = useAuthMethods().data;
  if (!browserHasPasskeys())
    return <p className="mt-3 text-xs text-ink-3">{t.passkeys.noBrowser}</p>;
  if (methods === undefined) return null;
  if (!methods.passkeys)
    return <p className="mt-3 text-xs text-pretty text-ink-3">{t.passkeys.elsewhere}</p>;
  return (
    <Button className="mt-3" busy={add.isPending} onClick={() => add.mutate()}>
      <Plus /> {t.passkeys.add}
    </Button>
  );
}

function described({ createdAt, lastUsedAt }: Passkey): string {
  const used = lastUsedAt === undefined ? t.passkeys.unused : t.passkeys.used(ago(lastUsedAt));
  return `${t.passkeys.made(ago(createdAt))} · ${used}`;
}
