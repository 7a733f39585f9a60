import { messageOf } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { PageMessage } from "@/shared/ui/page-message";

export function CrashPage({ error }: { error: unknown }) {
  return (
    <main role="alert" className="flex h-full">
      <PageMessage title={t.errors.crashTitle} text={t.errors.crashText}>
        <p className="w-full font-mono text-xs break-words text-ink-3">{messageOf(error)}</p>
        <Button look="solid" onClick={() => location.reload()}>
          {t.errors.reload}
        </Button>
      </PageMessage>
    </main>
  );
}
