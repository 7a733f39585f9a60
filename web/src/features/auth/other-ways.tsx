import { useMutation } from "@tanstack/react-query";
import { Fingerprint } from "lucide-react";
import { browserHasPasskeys, signInByPasskey } from "@/shared/account/passkey";
import { signInProblem } from "@/shared/account/sign-in-problem";
import type { Schemas } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";

interface OtherWaysProps {
  methods: Schemas["AuthMethods"];
  next: string;
  invitation?: string | undefined;
  /** A passkey is of an account, so it makes none. */
  passkeys: boolean;
}

/** The ways beside a password, below a line. */
export function OtherWays({ methods, next, invitation, passkeys }: OtherWaysProps) {
  const byPasskey = passkeys && methods.passkeys && browserHasPasskeys();
  if (!byPasskey && methods.oidc.length === 0) return null;
  return (
    <div className="mt-5 flex flex-col gap-3">
      <p className="flex items-center gap-3 text-xs text-ink-3 before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
        {t.auth.or}
      </p>
      {byPasskey && <PasskeyButton next={next} />}
      {methods.oidc.map(({ provider, name }) => (
        <Button key={provider} asChild size="lg">
          <a href={departure(provider, next, invitation)}>
            <span className="truncate">{t.auth.orWith(name)}</span>
          </a>
        </Button>
      ))}
    </div>
  );
}

function PasskeyButton({ next }: { next: string }) {
  const signIn = useMutation({
    mutationFn: signInByPasskey,
    onSuccess: () => location.assign(next),
  });
  return (
    <>
      <Button size="lg" busy={signIn.isPending} onClick={() => signIn.mutate()}>
        <Fingerprint /> {t.auth.byPasskey}
      </Button>
      {signIn.isError && (
        <p role="alert" className="text-sm text-bad-ink">
          {signInProblem(signIn.error)}
        </p>
      )}
    </>
  );
}

function departure(provider: string, to: string, invitation: string | undefined): string {
  const query = new URLSearchParams({ to, ...(invitation !== undefined && { invitation }) });
  return `/api/v1/auth/oidc/${encodeURIComponent(provider)}/start?${query.toString()}`;
}
