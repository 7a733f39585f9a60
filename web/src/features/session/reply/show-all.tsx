import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";

interface ShowAllProps {
  all: boolean;
  onChange: (all: boolean) => void;
  /** With how much that is. */
  label: string;
}

/** Below the beginning of something long. */
export function ShowAll({ all, onChange, label }: ShowAllProps) {
  return (
    <Button
      look="ghost"
      size="sm"
      aria-expanded={all}
      className="w-full rounded-t-none"
      onClick={() => onChange(!all)}
    >
      {all ? t.reply.showLess : label}
    </Button>
  );
}
