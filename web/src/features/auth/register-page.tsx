import { Link } from "@tanstack/react-router";
import { t } from "@/shared/i18n/strings";
import { AuthCard } from "./auth-card";
import { RegisterForm } from "./register-form";
import { useAuthMethods } from "./use-auth-methods";

export function RegisterPage({ invitation }: { invitation: string | undefined }) {
  const methods = useAuthMethods().data;
  const refused = methods !== undefined && methods.registration !== "open" && !invitation;
  return (
    <AuthCard title={t.auth.registerTitle}>
      {refused ? (
        <p className="text-ink-2">{t.auth.closed}</p>
      ) : (
        <RegisterForm invitation={invitation} onDone={() => location.assign("/app")} />
      )}
      <p className="mt-6 text-ink-2">
        {t.auth.toLogin}{" "}
        <Link to="/login" className="font-medium text-signal underline underline-offset-3">
          {t.auth.signIn}
        </Link>
      </p>
    </AuthCard>
  );
}
