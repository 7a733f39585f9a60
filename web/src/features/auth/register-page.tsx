import { useAuthMethods } from "@/shared/account/use-auth-methods";
import { t } from "@/shared/i18n/strings";
import { AuthCard } from "./auth-card";
import { OtherWays } from "./other-ways";
import { RegisterForm } from "./register-form";

export function RegisterPage({ invitation }: { invitation: string | undefined }) {
  const methods = useAuthMethods().data;
  const refused = methods !== undefined && methods.registration !== "open" && !invitation;
  return (
    <AuthCard title={t.auth.registerTitle}>
      {refused ? (
        <p className="text-ink-2">{t.auth.closed}</p>
      ) : (
        <>
          <RegisterForm invitation={invitation} onDone={() => location.assign("/app")} />
          {methods !== undefined && (
            <OtherWays methods={methods} next="/app" invitation={invitation} passkeys={false} />
          )}
        </>
      )}
      <p className="mt-6 text-ink-2">
        {t.auth.toLogin}{" "}
        <a href="/login" className="font-medium text-signal underline underline-offset-3">
          {t.auth.signIn}
        </a>
      </p>
    </AuthCard>
  );
}
