/** What joins emoji into one hides nothing. */
const JOINS =
  /(?<=\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]?)\u200D(?=\p{Extended_Pictographic})/u;
const HIDDEN = new RegExp(`(?![\\n\\t]|${JOINS.source})[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]`, "gu");

/**
 * Text with nothing up its sleeve: characters that move the cursor, turn the reading order around
 * or are not seen at all are spelled out, because someone decides by what they read here.
 */
export function visibleText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(HIDDEN, (hidden) => `\\u{${(hidden.codePointAt(0) ?? 0).toString(16)}}`);
}
