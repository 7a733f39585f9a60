import { EllipsisVertical, Trash2, UserRoundCheck, UserRoundX, UsersRound } from "lucide-react";
import { useState } from "react";
import { useMe } from "@/shared/account/use-me";
import type { Schemas } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { LoadError } from "@/shared/ui/load-error";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/shared/ui/menu";
import { Skeleton } from "@/shared/ui/skeleton";
import { Invitations } from "./invitations";
import { useAccounts, useDeleteAccount, useUpdateAccount } from "./use-people";

type Account = Schemas["Account"];

/** Who has an account here, for administrators. */
export function PeopleSettings() {
  const accounts = useAccounts();
  const remove = useDeleteAccount();
  const [leaving, setLeaving] = useState<Account | null>(null);
  if (accounts.isPending) return <Skeleton className="h-10 w-full" />;
  if (accounts.isError)
    return <LoadError error={accounts.error} onRetry={() => void accounts.refetch()} />;
  const all = accounts.data.pages.flatMap((page) => page.items);
  return (
    <>
      <ul className="divide-y divide-line">
        {all.map((account) => (
          <Person key={account.userId} account={account} onDelete={() => setLeaving(account)} />
        ))}
      </ul>
      {accounts.hasNextPage && (
        <Button
          size="sm"
          className="mt-2"
          busy={accounts.isFetchingNextPage}
          onClick={() => void accounts.fetchNextPage()}
        >
          {t.people.more}
        </Button>
      )}
      <Invitations />
      <ConfirmDialog
        open={leaving !== null}
        onOpenChange={() => setLeaving(null)}
        title={t.people.deleteTitle(leaving?.username ?? "")}
        text={t.people.deleteText}
        action={t.people.delete}
        destructive
        onConfirm={() => leaving !== null && remove.mutate(leaving)}
      />
    </>
  );
}

function Person({ account, onDelete }: { account: Account; onDelete: () => void }) {
  const { userId, username, role, disabled } = account;
  const me = useMe();
  const update = useUpdateAccount();
  const other = role === "admin" ? "member" : "admin";
  return (
    <li className="flex items-center gap-3 py-2 first:pt-0">
      <div className="mr-auto min-w-0">
        <p className={disabled ? "truncate text-ink-3 line-through" : "truncate"}>{username}</p>
        <p className="text-xs text-ink-3">
          {[
            t.settings.role[role],
            disabled && t.people.disabled,
            userId === me.userId && t.people.you,
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      <Menu>
        <MenuTrigger asChild>
          <Button look="ghost" size="icon-sm" aria-label={t.rail.menuOf(username)}>
            <EllipsisVertical />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem onSelect={() => update.mutate({ userId, role: other })}>
            <UsersRound /> {t.people.make[other]}
          </MenuItem>
          <MenuItem onSelect={() => update.mutate({ userId, disabled: !disabled })}>
            {disabled ? <UserRoundCheck /> : <UserRoundX />}
            {disabled ? t.people.enable : t.people.disable}
          </MenuItem>
          <MenuSeparator />
          <MenuItem destructive onSelect={onDelete}>
            <Trash2 /> {t.people.delete}
          </MenuItem>
        </MenuContent>
      </Menu>
    </li>
  );
}
