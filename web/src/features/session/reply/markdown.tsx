import { isValidElement, memo, type ComponentProps } from "react";
import { defaultRehypePlugins, Streamdown, type Components } from "streamdown";
import { t } from "@/shared/i18n/strings";
import { visibleText } from "../requests/visible-text";
import { CodeBlock } from "./code-block";
import { LongText } from "./long-text";
import { isAttachment, safeHref } from "./safe-link";
import { hasEndlessFormula, useMath, withDollars } from "./use-math";
import "./prose.css";

const plainTags =
  "h1 h2 h3 h4 h5 h6 p ul ol li blockquote hr strong em del thead tbody tr th td sup sub".split(
    " ",
  );

/** Plain elements: how they look is decided in prose.css, not by the library's own classes. */
const components = {
  a: Anchor,
  img: Picture,
  table: ({ children }: ComponentProps<"table">) => (
    // Reached by keyboard, because it scrolls.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="table-box" role="region" aria-label={t.reply.table} tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  pre: Fence,
  code: "code",
  ...Object.fromEntries(plainTags.map((tag) => [tag, tag])),
} as Components;

/** A fence comes as `pre` around `code`, whose class names the language. */
function Fence({ children }: ComponentProps<"pre">) {
  return isValidElement<ComponentProps<"code">>(children) ? (
    <CodeBlock {...children.props} />
  ) : (
    children
  );
}

function Anchor({ href, children }: ComponentProps<"a">) {
  const safe = safeHref(href);
  if (safe === undefined) return children;
  return (
    <a href={safe} target="_blank" rel="noreferrer noopener nofollow">
      {children}
    </a>
  );
}

/** A picture from elsewhere would tell that server who reads what, and when: it is a link. */
function Picture({ src, alt }: ComponentProps<"img">) {
  if (isAttachment(src)) return <img src={src} alt={alt ?? ""} loading="lazy" />;
  return <Anchor href={src}>{alt || src}</Anchor>;
}

/**
 * Without the library's own first step, which makes elements of HTML: it stays the text that it is.
 * A reply is an agent's, and an agent repeats what it has read anywhere.
 */
const rehypePlugins = Object.entries(defaultRehypePlugins)
  .filter(([name]) => name !== "raw")
  .map(([, plugin]) => plugin);

/** The same object each time: a new one would send React through all blocks at every chunk. */
const linkSafety = { enabled: false };

interface MarkdownProps {
  text: string;
  streaming: boolean;
}

/** Nobody reads more than this by its headings, and setting it would stop the page for seconds. */
const MOST_CHARACTERS = 200_000;

/** A text; one without end is shown as it was written. */
export const Markdown = memo(function Markdown({ text, streaming }: MarkdownProps) {
  return text.length > MOST_CHARACTERS ? (
    <LongText label={t.reply.asWritten} text={visibleText(text)} />
  ) : (
    <Formatted text={text} streaming={streaming} />
  );
});

/** Markdown that tolerates a half-written block; blocks that are finished are not rendered again. */
function Formatted({ text, streaming }: MarkdownProps) {
  const written = withDollars(text);
  const plugins = useMath(written);
  const sets = plugins !== undefined && !hasEndlessFormula(written);
  return (
    <Streamdown
      className="prose"
      mode={streaming ? "streaming" : "static"}
      components={components}
      rehypePlugins={rehypePlugins}
      controls={false}
      linkSafety={linkSafety}
      {...(sets && { plugins })}
    >
      {written}
    </Streamdown>
  );
}
