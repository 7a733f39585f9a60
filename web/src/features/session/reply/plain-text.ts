import { visibleText } from "../requests/visible-text";

// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])/g;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Tool output as text: no terminal colours, and what turns the reading order around or is not seen is spelled out. */
export function plainText(text: string): string {
  return visibleText(text.replace(/\r\n/g, "\n").replace(ESCAPES, "").replace(CONTROLS, ""));
}
