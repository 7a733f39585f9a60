import { useState } from "react";
import { t } from "@/shared/i18n/strings";
import { CopyButton } from "@/shared/ui/copy-button";
import { ShowAll } from "./show-all";

const LINES = 14;
/** About as much as so many lines hold: some outputs are a single one. */
const CHARACTERS = 1_400;
/** Even opened, a text of megabytes must not freeze the page; all of it can still be copied. */
const MOST_CHARACTERS = 200_000;

export function LongText({ label, text }: { label: string; text: string }) {
  const [all, setAll] = useState(false);
  const lines = text.split("\n");
  const beginning = lines.slice(0, LINES).join("\n").slice(0, CHARACTERS);
  return (
    <div className="min-w-0 rounded-md border border-line bg-panel">
      <div className="flex items-center pr-0.5 pl-2.5">
        <span className="flex-1 text-2xs text-ink-3">{label}</span>
        <CopyButton text={text} label={`${t.common.copy}: ${label}`} className="size-6" />
      </div>
      <pre className="overflow-x-auto px-2.5 pb-2 font-mono text-xs break-words whitespace-pre-wrap">
        {all ? text.slice(0, MOST_CHARACTERS) : beginning}
      </pre>
      {all && text.length > MOST_CHARACTERS && (
        <p className="px-2.5 pb-2 text-xs text-ink-3">{t.reply.tooLong(MOST_CHARACTERS)}</p>
      )}
      {beginning !== text && (
        <ShowAll
          all={all}
          onChange={setAll}
          label={
            lines.length > LINES
              ? t.reply.showAll(lines.length)
              : t.reply.showAllCharacters(text.length)
          }
        />
      )}
    </div>
  );
}
