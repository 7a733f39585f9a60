import type { ReactNode } from "react";
import { t } from "@/shared/i18n/strings";
import { Mark } from "@/shared/ui/mark";

export function AuthCard({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="flex h-full overflow-y-auto bg-paper">
      <div className="door w-full max-w-[22rem] px-5 py-10">
        <div className="mb-8 flex items-center gap-2.5">
          <Mark className="size-7" />
          <span className="text-base font-semibold tracking-[-0.01em]">{t.name}</span>
        </div>
        <h1 className="text-xl font-semibold tracking-[-0.02em]">{title}</h1>
        <p className="mt-1 mb-6 text-ink-2">{t.auth.tagline}</p>
        {children}
      </div>
    </main>
  );
}
