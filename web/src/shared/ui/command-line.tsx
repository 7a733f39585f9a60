import { CopyButton } from "./copy-button";

/** A command or a token to take along: shown whole, copied by one press. */
export function CommandLine({
  label,
  copyLabel,
  text,
}: {
  label: string;
  copyLabel: string;
  text: string;
}) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-xs font-medium text-ink-2">{label}</span>
      <div className="flex items-start gap-1 rounded-md border border-line bg-panel py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 self-center py-1 font-mono text-xs break-all select-all">
          {text}
        </code>
        <CopyButton text={text} label={copyLabel} />
      </div>
    </div>
  );
}
