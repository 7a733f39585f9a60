import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { t } from "@/shared/i18n/strings";
import { copyText } from "./copy-text";
import { IconButton } from "./icon-button";

const SHOWN_MS = 1600;

export function CopyButton({
  text,
  label,
  className,
}: {
  text: string;
  label: string;
  className?: string;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <IconButton
      size="icon-sm"
      className={className}
      label={copied ? t.common.copied : label}
      onClick={() => void copyText(text).then(setCopied)}
    >
      {copied ? <Check className="text-live-ink" /> : <Copy />}
    </IconButton>
  );
}
