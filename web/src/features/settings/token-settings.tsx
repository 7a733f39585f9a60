import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import type { Schemas } from "@/shared/api/client";
import { ago, fullTime } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { LoadError } from "@/shared/ui/load-error";
import { Skeleton } from "@/shared/ui/skeleton";
import { CreateTokenDialog } from "./create-token-dialog";
import { useDeleteToken, useTokens } from "./use-tokens";

/** API tokens: how programs of this user sign in. */
export function TokenSettings() {
  const tokens = useTokens();
  const remove = useDeleteToken();
  const [creating, setCreating] = useState(false);
  const [leaving, setLeaving] = useState<Schemas["ApiToken"] | null>(null);
  if (tokens.isPending) return <Skeleton className="h-10 w-full" />;
  if (tokens.isError)
    return <LoadError error={tokens.error} onRetry={() => void tokens.refetch()} />;
  return (
    <>
      <ul className="divide-y divide-line">
        {tokens.data.items.map((token) => (
          <li key={token.tokenId} className="flex items-center gap-3 py-2 first:pt-0">
            <KeyRound aria-hidden className="size-4 shrink-0 text-ink-3" />
            <div className="mr-auto min-w-0">
              <p className="truncate">{token.name}</p>
              <p className="text-xs text-pretty text-ink-3">{described(token)}</p>
            </div>
            <Button size="sm" onClick={() => setLeaving(token)}>
              {t.tokens.delete}
            </Button>
          </li>
        ))}
      </ul>
      {tokens.data.items.length === 0 && <p className="text-ink-3">{t.tokens.none}</p>}
      <Button className="mt-3" onClick={() => setCreating(true)}>
        <Plus /> {t.tokens.create}
      </Button>
      {creating && <CreateTokenDialog onClose={() => setCreating(false)} />}
      <ConfirmDialog
        open={leaving !== null}
        onOpenChange={() => setLeaving(null)}
        title={t.tokens.deleteTitle(leaving?.name ?? "")}
        text={t.tokens.deleteText}
        action={t.tokens.delete}
        destructive
        onConfirm={() => leaving !== null && remove.mutate(leaving.tokenId)}
      />
    </>
  );
}

function described({ scopes, lastUsedAt, expiresAt }: Schemas["ApiToken"]): string {
  const may = scopes.map((scope) => t.tokens.scopes[scope]).join(", ");
  const used = lastUsedAt === undefined ? t.tokens.unused : t.tokens.used(ago(lastUsedAt));
  const over = expiresAt !== undefined && expiresAt <= Date.now();
  const until = expiresAt === undefined ? null : t.tokens.until(fullTime(expiresAt));
  return [may, used, over ? t.tokens.expired : until].filter(Boolean).join(" · ");
}
