import { lazy, Suspense, useMemo } from "react";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { CopyButton } from "@/shared/ui/copy-button";
import { readDetails, type DetailField } from "./read-details";

/** Fetched when a request has a diff: most have none, and the start page shows requests. */
const RequestDiff = lazy(() => import("./request-diff"));

/** What a request is about. An agent wrote it: text only, and never higher than a part of the screen. */
export function RequestDetails({ details }: { details: string }) {
  const { fields, text, cut } = useMemo(() => readDetails(details), [details]);
  const command = fields?.find((field) => field.kind === "command");
  return (
    <div className="mx-4 mt-2.5">
      <div className="flex items-start rounded-md bg-panel pr-1">
        <div
          role="group"
          aria-label={t.request.details}
          // Reached by keyboard, because it scrolls.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          className="max-h-60 min-w-0 flex-1 space-y-2 self-center overflow-auto rounded-md px-3 py-2 text-xs [overflow-wrap:anywhere]"
        >
          {fields === null ? (
            <pre className="font-mono whitespace-pre-wrap">{text}</pre>
          ) : (
            <>
              {command !== undefined && <Command text={command.value} />}
              <Rows fields={fields.filter((f) => f !== command && f.kind !== "diff")} />
              {fields
                .filter((field) => field.kind === "diff")
                .map((field) => (
                  <Suspense
                    key={field.name}
                    fallback={<pre className="font-mono whitespace-pre-wrap">{field.value}</pre>}
                  >
                    <RequestDiff patch={field.value} />
                  </Suspense>
                ))}
            </>
          )}
        </div>
        <CopyButton
          text={command?.value ?? text}
          label={command === undefined ? t.request.copyDetails : t.request.copyCommand}
          className="mt-0.5"
        />
      </div>
      {cut && <p className="mt-1 text-xs text-wait-ink">{t.request.cut}</p>}
    </div>
  );
}

function Command({ text }: { text: string }) {
  return (
    <pre className="flex gap-2 font-mono text-ink">
      <span aria-hidden className="text-ink-3 select-none">
        $
      </span>
      <code className="min-w-0 whitespace-pre-wrap">{text}</code>
    </pre>
  );
}

function Rows({ fields }: { fields: readonly DetailField[] }) {
  if (fields.length === 0) return null;
  return (
    <dl className="grid grid-cols-[minmax(0,max-content)_minmax(60%,1fr)] gap-x-4 gap-y-1">
      {fields.map(({ kind, name, value }, i) => (
        <div key={i} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className={cn("whitespace-pre-wrap", kind !== "text" && "font-mono")}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
