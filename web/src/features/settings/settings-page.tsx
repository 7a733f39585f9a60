import { Link } from "@tanstack/react-router";
import { ArrowLeft, History } from "lucide-react";
import type { ReactNode } from "react";
import { problemText } from "@/shared/account/sign-in-problem";
import { useAuthMethods } from "@/shared/account/use-auth-methods";
import { useMe } from "@/shared/account/use-me";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Notice } from "@/shared/ui/notice";
import { PageTitle } from "@/shared/ui/page-title";
import { AccountSettings } from "./account-settings";
import { AppearanceSettings } from "./appearance-settings";
import { DeviceSettings } from "./device-settings";
import { IdentitySettings } from "./identity-settings";
import { KeyboardSettings } from "./keyboard-settings";
import { NoticeSettings } from "./notice-settings";
import { PasskeySettings } from "./passkey-settings";
import { PeopleSettings } from "./people-settings";
import { PhoneSettings } from "./phone-settings";
import { ServerVersion } from "./server-version";
import { TokenSettings } from "./token-settings";

interface SettingsPageProps {
  /** Why linking an account came to nothing. */
  problem: string | undefined;
  needs: ReactNode;
}

export function SettingsPage({ problem, needs }: SettingsPageProps) {
  const me = useMe();
  const providers = useAuthMethods().data?.oidc ?? [];
  return (
    <main className="h-full overflow-y-auto">
      <PageTitle of={t.settings.title} />
      <div className="mx-auto w-full max-w-2xl px-5 py-6 md:py-10">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <Button look="ghost" size="sm" asChild className="-ml-2.5">
            <Link to="/app">
              <ArrowLeft /> {t.settings.back}
            </Link>
          </Button>
          {needs}
        </div>
        <h1 className="mt-3 text-xl font-semibold tracking-[-0.02em]">{t.settings.title}</h1>
        {problem !== undefined && (
          <Notice className="mt-5">{problemText(problem) ?? t.errors.unknown}</Notice>
        )}
        <Section title={t.settings.account} text={t.settings.accountText}>
          <AccountSettings />
        </Section>
        <Section title={t.passkeys.title} text={t.passkeys.text}>
          <PasskeySettings />
        </Section>
        {providers.length > 0 && (
          <Section title={t.identities.title} text={t.identities.text}>
            <IdentitySettings providers={providers} />
          </Section>
        )}
        <Section title={t.settings.appearance} text={t.settings.appearanceText}>
          <AppearanceSettings />
        </Section>
        <Section title={t.settings.keyboard} text={t.settings.keyboardText}>
          <KeyboardSettings />
        </Section>
        <Section title={t.notices.title} text={t.notices.text}>
          <NoticeSettings />
        </Section>
        <Section title={t.settings.devices} text={t.settings.devicesText}>
          <DeviceSettings />
          <PhoneSettings />
        </Section>
        <Section title={t.tokens.title} text={t.tokens.text}>
          <TokenSettings />
        </Section>
        <Section title={t.activity.title} text={t.activity.settingsText}>
          <Button asChild>
            <Link to="/activity">
              <History /> {t.activity.open}
            </Link>
          </Button>
        </Section>
        {me.role === "admin" && (
          <Section title={t.people.title} text={t.people.text}>
            <PeopleSettings />
          </Section>
        )}
        <ServerVersion />
      </div>
    </main>
  );
}

function Section({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <section className="mt-8 grid gap-x-8 gap-y-4 border-t border-line pt-5 md:grid-cols-[11rem_1fr]">
      <div>
        <h2 className="font-semibold">{title}</h2>
        <p className="text-xs text-ink-3">{text}</p>
      </div>
      <div className="min-w-0">{children}</div>
    </section>
  );
}
