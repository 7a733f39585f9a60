import { problemText } from "@/shared/account/sign-in-problem";
import { useAuthMethods } from "@/shared/account/use-auth-methods";
import { t } from "@/shared/i18n/strings";
import { Notice } from "@/shared/ui/notice";
import { AuthCard } from "./auth-card";
import { LoginForm } from "./login-form";
import { OtherWays } from "./other-ways";

interface LoginPageProps {
  next: string;
  /** Why a sign-in elsewhere came to nothing. */
  problem: string | undefined;
}

export function LoginPage({ next, problem }: LoginPageProps) {
  const methods = useAuthMethods().data;
  return (
    <AuthCard title={t.auth.signInTitle}>
      {problem !== undefined && (
        <Notice className="mb-5">{problemText(problem) ?? t.errors.unknown}</Notice>
      )}
      <LoginForm onDone={() => location.assign(next)} />
      {methods !== undefined && <OtherWays methods={methods} next={next} passkeys />}
      {methods?.registration === "open" && (
        <p className="mt-6 text-ink-2">
          {t.auth.toRegister}{" "}
          <a href="/register" className="font-medium text-signal underline underline-offset-3">
            {t.auth.register}
          </a>
        </p>
      )}
    </AuthCard>
  );
}
