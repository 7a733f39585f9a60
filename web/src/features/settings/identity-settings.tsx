import { Link2 } from "lucide-react";
import { useState } from "react";
import type { Schemas } from "@/shared/api/client";
import { ago } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { ConfirmDialog } from "@/shared/ui/confirm-dialog";
import { LoadError } from "@/shared/ui/load-error";
import { Skeleton } from "@/shared/ui/skeleton";
import { useIdentities, useLinkIdentity, useUnlinkIdentity } from "./use-identities";

type Identity = Schemas["Identity"];

/** Accounts at providers, by which this user signs in. */
export function IdentitySettings({ providers }: { providers: Schemas["OidcProvider"][] }) {
  const identities = useIdentities();
  const link = useLinkIdentity();
  const unlink = useUnlinkIdentity();
  const [leaving, setLeaving] = useState<Identity | null>(null);
  if (identities.isPending) return <Skeleton className="h-10 w-full" />;
  if (identities.isError)
    return <LoadError error={identities.error} onRetry={() => void identities.refetch()} />;
  const { items } = identities.data;
  const nameOf = ({ provider }: Identity) =>
    providers.find((known) => known.provider === provider)?.name ?? t.identities.unknown;
  const missing = providers.filter(({ provider }) => items.every((it) => it.provider !== provider));
  return (
    <>
      <ul aria-label={t.identities.title} className="divide-y divide-line">
        {items.map((identity) => (
          <li key={identity.identityId} className="flex items-center gap-3 py-2 first:pt-0">
            <Link2 aria-hidden className="size-4 shrink-0 text-ink-3" />
            <div className="mr-auto min-w-0">
              <p className="truncate">{nameOf(identity)}</p>
              <p className="truncate text-xs text-ink-3">
                {identity.name} · {t.identities.used(ago(identity.lastUsedAt))}
              </p>
            </div>
            <Button size="sm" onClick={() => setLeaving(identity)}>
              {t.identities.unlink}
            </Button>
          </li>
        ))}
      </ul>
      {missing.length > 0 && (
        <div className={items.length > 0 ? "mt-3 flex flex-wrap gap-2" : "flex flex-wrap gap-2"}>
          {missing.map(({ provider, name }) => (
            <Button key={provider} busy={link.isPending} onClick={() => link.mutate(provider)}>
              <Link2 /> {t.identities.link(name)}
            </Button>
          ))}
        </div>
      )}
      <ConfirmDialog
        open={leaving !== null}
        onOpenChange={() => setLeaving(null)}
        title={t.identities.unlinkTitle(leaving === null ? "" : nameOf(leaving))}
        text={t.identities.unlinkText}
        action={t.identities.unlink}
        destructive
        onConfirm={() => leaving !== null && unlink.mutate(leaving.identityId)}
      />
    </>
  );
}
