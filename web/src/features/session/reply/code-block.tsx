import { CodeXml, TextWrap, Workflow } from "lucide-react";
import { useDeferredValue, useState, type ComponentProps } from "react";
import { useIsCodeFenceIncomplete } from "streamdown";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { CopyButton } from "@/shared/ui/copy-button";
import { IconButton } from "@/shared/ui/icon-button";
import { CodeTokens } from "./code-tokens";
import { Diagram } from "./diagram";

/** Fenced code. Streamdown gives the language as a class and the code as the only child. */
export function CodeBlock({ className, children }: ComponentProps<"code">) {
  const language = /language-([\w+#.-]+)/.exec(className ?? "")?.[1] ?? "";
  const code = useDeferredValue(textOf(children).replace(/\n$/, ""));
  const [wrap, setWrap] = useState(false);
  const isWhole = !useIsCodeFenceIncomplete();
  const isDiagram = language === "mermaid" && isWhole;
  const [asSource, setAsSource] = useState(false);
  const source = (
    <pre
      // Reached by keyboard, because it scrolls.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      className={cn(
        "overflow-x-auto px-3.5 pb-3 font-mono text-[0.8125rem] leading-[1.55]",
        wrap && "break-words whitespace-pre-wrap",
      )}
    >
      <CodeTokens code={code} language={language} />
    </pre>
  );
  return (
    <figure className="my-3 overflow-hidden rounded-lg border border-line bg-panel">
      <figcaption className="flex h-9 items-center pr-1 pl-3.5">
        <span className="flex-1 text-xs text-ink-3">{language || t.reply.plainText}</span>
        {isDiagram && (
          <IconButton
            size="icon-sm"
            aria-pressed={asSource}
            label={asSource ? t.reply.showDiagram : t.reply.showSource}
            onClick={() => setAsSource(!asSource)}
          >
            {asSource ? <Workflow /> : <CodeXml />}
          </IconButton>
        )}
        <IconButton
          size="icon-sm"
          aria-pressed={wrap}
          label={wrap ? t.reply.unwrap : t.reply.wrap}
          onClick={() => setWrap(!wrap)}
        >
          <TextWrap />
        </IconButton>
        <CopyButton text={code} label={t.reply.copyCode} />
      </figcaption>
      {isDiagram && !asSource ? <Diagram source={code} otherwise={source} /> : source}
    </figure>
  );
}

function textOf(node: unknown): string {
  if (typeof node === "string" || typeof node === "number") return String(node);
  if (Array.isArray(node)) return node.map(textOf).join("");
  return "";
}
