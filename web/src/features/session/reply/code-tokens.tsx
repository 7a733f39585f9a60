import { useEffect, useState, type CSSProperties } from "react";
import type { Line } from "./highlight";

/** More than this is shown plain: highlighting it would be felt, and nobody reads it by colour. */
const MOST_CHARACTERS = 40_000;

/** Code, coloured as soon as the highlighter and the language are there; readable before. */
export function CodeTokens({ code, language }: { code: string; language: string }) {
  const [done, setDone] = useState<{ code: string; lines: readonly Line[] } | null>(null);
  useEffect(() => {
    if (language === "" || code.length > MOST_CHARACTERS) return;
    let current = true;
    void import("./highlight")
      .then(({ highlight }) => highlight(code, language))
      .then((lines) => {
        if (current && lines !== null) setDone({ code, lines });
      });
    return () => {
      current = false;
    };
  }, [code, language]);
  // While code streams, what is coloured already stays so, and the rest follows plain.
  if (done === null || !code.startsWith(done.code)) return <code>{code}</code>;
  return (
    <code>
      {done.lines.map((line, i) => (
        <span key={i}>
          {line.map((token, j) => (
            <span key={j} className="code-token" style={token.style as CSSProperties}>
              {token.text}
            </span>
          ))}
          {i < done.lines.length - 1 && "\n"}
        </span>
      ))}
      {code.slice(done.code.length)}
    </code>
  );
}
