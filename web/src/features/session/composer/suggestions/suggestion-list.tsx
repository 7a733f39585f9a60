import { File, SquareSlash } from "lucide-react";
import { useEffect, useRef } from "react";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { popLook } from "@/shared/ui/menu";
import type { useSuggesting } from "./use-suggesting";

/** Above the field; the focus stays in it. */
export function SuggestionList(props: ReturnType<typeof useSuggesting>) {
  const { awaited, items, at, listId, optionId, choose } = props;
  const marked = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    marked.current?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <>
      {awaited && (
        <p role="status" className="sr-only">
          {items.length > 0 && t.composer.suggested(items.length)}
        </p>
      )}
      {items.length > 0 && (
        <div
          id={listId}
          role="listbox"
          aria-label={t.composer.suggestions}
          className={cn(
            popLook,
            "absolute inset-x-0 bottom-full mb-2 max-h-64 overflow-y-auto border border-line p-1",
          )}
        >
          {items.map(({ value, name, detail }, index) => (
            <button
              key={value}
              ref={index === at ? marked : null}
              id={optionId(index)}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              // The field keeps the focus, and with it a phone its keyboard.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(value)}
              className="flex touch w-full cursor-default items-center gap-2.5 rounded-md px-2.5 py-1.5 text-left text-sm hover:bg-hover aria-selected:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-3"
            >
              {name.startsWith("/") ? <SquareSlash aria-hidden /> : <File aria-hidden />}
              <span className="max-w-[70%] shrink-0 truncate font-medium">{name}</span>
              <span className="min-w-0 truncate text-xs text-ink-3">{detail}</span>
            </button>
          ))}
        </div>
      )}
    </>
  );
}
