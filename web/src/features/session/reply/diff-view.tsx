import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import type { PatchLine } from "./patch-lines";

const look = {
  add: "bg-add-soft",
  del: "bg-bad-soft",
  same: "",
  gap: "h-2 bg-hover",
};
const sign = { add: "+", del: "−", same: " ", gap: "" };

export function DiffView({ lines }: { lines: readonly PatchLine[] }) {
  return (
    // Reached by keyboard, because it scrolls.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="overflow-x-auto" role="region" aria-label={t.detail.changes} tabIndex={0}>
      <table className="w-full border-collapse font-mono text-xs leading-5">
        <tbody>
          {lines.map((line, i) => (
            <tr key={i} className={look[line.kind]}>
              <td className="w-9 pr-2 text-right align-top text-ink-3 tabular-nums select-none">
                {line.newNumber ?? line.oldNumber}
              </td>
              <td
                className={cn(
                  "w-4 align-top select-none",
                  line.kind === "add" && "text-add-ink",
                  line.kind === "del" && "text-bad-ink",
                )}
              >
                {sign[line.kind]}
              </td>
              <td className="pr-3 whitespace-pre">{line.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function DiffCounts({ added, deleted }: { added: number; deleted: number }) {
  return (
    <span className="shrink-0 text-xs tabular-nums">
      <span className="text-add-ink">
        <span aria-hidden>+{added}</span>
        <span className="sr-only">{t.reply.added(added)}</span>
      </span>{" "}
      <span className="text-bad-ink">
        <span aria-hidden>−{deleted}</span>
        <span className="sr-only">{t.reply.deleted(deleted)}</span>
      </span>
    </span>
  );
}
