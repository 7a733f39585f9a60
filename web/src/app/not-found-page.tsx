import { Link } from "@tanstack/react-router";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { PageMessage } from "@/shared/ui/page-message";

export function NotFoundPage() {
  return (
    <main className="flex h-full">
      <PageMessage title={t.errors.notFoundTitle} text={t.errors.notFoundText}>
        <Button asChild look="solid">
          <Link to="/app">{t.errors.goHome}</Link>
        </Button>
      </PageMessage>
    </main>
  );
}
