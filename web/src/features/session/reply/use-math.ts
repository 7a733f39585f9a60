import { useEffect, useState } from "react";
import type { PluginConfig } from "streamdown";

/** A formula of this length is an attack or a mistake, and would stop the page while it is set. */
const LONGEST = 5_000;

// The same object each time, so that blocks that are finished are not rendered again.
let loaded: PluginConfig | undefined;

/** What sets formulas, once a text has some. */
export function useMath(text: string): PluginConfig | undefined {
  const [plugin, setPlugin] = useState(loaded);
  const wanted = plugin === undefined && text.includes("$$");
  useEffect(() => {
    if (!wanted) return;
    let current = true;
    import("./math").then(
      ({ math }) => {
        loaded = { math };
        if (current) setPlugin(loaded);
      },
      // Offline, or the server is newer than this page: the formula stays as it was written.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [wanted]);
  return plugin;
}

/** Where code begins and ends; what is written there is meant as it stands. */
const CODE = /(```[\s\S]*?(?:```|$)|`[^`\n]*`)/;

/** Formulas between `\( \)` and `\[ \]`, as many models write them, become those between `$$`. */
export function withDollars(text: string): string {
  if (!/\\[([]/.test(text)) return text;
  return text
    .split(CODE)
    .map((piece, index) =>
      index % 2 === 1
        ? piece
        : piece
            .replace(/\\\[([^]*?)\\\]/g, (whole, formula: string) =>
              framed(whole, `\n$$\n`, formula),
            )
            .replace(/\\\(([^\n]*?)\\\)/g, (whole, formula: string) =>
              framed(whole, "$$", formula),
            ),
    )
    .join("");
}

function framed(whole: string, mark: string, formula: string): string {
  return formula.length > LONGEST || formula.trim() === "" ? whole : mark + formula.trim() + mark;
}

/** Whether a formula in it is too long to be set. */
export function hasEndlessFormula(text: string): boolean {
  return text.split("$$").some((piece, index) => index % 2 === 1 && piece.length > LONGEST);
}
