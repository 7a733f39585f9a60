import { RotateCw } from "lucide-react";
import { messageOf } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";
import { Button } from "./button";

export function LoadError({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <div role="alert" className="flex flex-col items-start gap-2 p-4 text-sm">
      <p className="font-medium">{t.errors.loadTitle}</p>
      <p className="text-ink-2">{messageOf(error)}</p>
      <Button size="sm" onClick={onRetry}>
        <RotateCw /> {t.errors.retry}
      </Button>
    </div>
  );
}
