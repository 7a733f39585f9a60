import { Link } from "@tanstack/react-router";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { AuthCard } from "./auth-card";
import { LoginForm } from "./login-form";
import { useAuthMethods } from "./use-auth-methods";

export function LoginPage({ next }: { next: string }) {
  const methods = useAuthMethods().data;
  return (
    <AuthCard title={t.auth.signInTitle}>
      <LoginForm onDone={() => location.assign(next)} />
      {methods?.oidc.map(({ provider, name }) => (
        <Button key={provider} asChild size="lg" className="mt-3 w-full">
          <a href={`/api/v1/auth/oidc/${encodeURIComponent(provider)}/start`}>
            {t.auth.orWith(name)}
          </a>
        </Button>
      ))}
      {methods?.registration === "open" && (
        <p className="mt-6 text-ink-2">
          {t.auth.toRegister}{" "}
          <Link to="/register" className="font-medium text-signal underline underline-offset-3">
            {t.auth.register}
          </Link>
        </p>
      )}
    </AuthCard>
  );
}
