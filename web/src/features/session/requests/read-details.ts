import { visibleText } from "./visible-text";

/** More than anyone reads before an answer, and little enough to lay out at once. */
const MOST_CHARACTERS = 20_000;
const MOST_FIELDS = 40;
/** Longer than this, it is text to be cut rather than an object to be taken apart. */
const MOST_JSON = 1_000_000;

export interface DetailField {
  kind: "command" | "path" | "text" | "data" | "diff";
  name: string;
  value: string;
}

export interface Details {
  /** What an object holds; null where the details are anything else. */
  fields: readonly DetailField[] | null;
  /** The details as they came, spelled out. */
  text: string;
  cut: boolean;
}

/** What a permission is about, in the form in which a person can judge it. */
export function readDetails(details: string): Details {
  const text = shown(details);
  const object = details.length > MOST_JSON ? null : objectOf(details);
  if (object === null) return { fields: null, ...text };
  const entries = Object.entries(object).filter(([, value]) => !isEmpty(value));
  if (entries.length === 0 || entries.length > MOST_FIELDS) return { fields: null, ...text };
  const fields = entries.map(([name, value]) => fieldOf(name, value));
  return {
    fields: order.flatMap((kind) =>
      fields
        .filter((field) => field.kind === kind)
        .map((field) => ({ ...field, value: field.value.text })),
    ),
    text: text.text,
    cut: fields.some((field) => field.value.cut),
  };
}

const order = ["command", "path", "text", "data", "diff"] as const;
const DIFF = /^(diff|patch)$/i;
const COMMAND = /^(command|cmd|argv)$/i;
const PATH = /(^|_)(path|file|filename|dir|directory|cwd|workdir)$|(path|file|dir)$/i;

function fieldOf(name: string, value: unknown) {
  const label = { name: shown(wordsOf(name), 60).text };
  const list = Array.isArray(value) && value.every((item) => typeof item === "string");
  if (COMMAND.test(name) && (list || typeof value === "string"))
    return {
      ...label,
      kind: "command" as const,
      value: shown(list ? value.map(quoted).join(" ") : value),
    };
  if (DIFF.test(name) && typeof value === "string" && /^@@ /m.test(value))
    return { ...label, kind: "diff" as const, value: shown(value) };
  if (list || typeof value === "string")
    return {
      ...label,
      kind: PATH.test(name) ? ("path" as const) : ("text" as const),
      value: shown(list ? value.join("\n") : value),
    };
  const kind = typeof value === "object" ? ("data" as const) : ("text" as const);
  return { ...label, kind, value: shown(JSON.stringify(value, null, 2)) };
}

function shown(text: string, most = MOST_CHARACTERS): { text: string; cut: boolean } {
  const cut = text.length > most;
  return { text: visibleText(cut ? `${text.slice(0, most)}…` : text), cut };
}

function objectOf(json: string): object | null {
  if (!json.trimStart().startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(json);
    // Nested too deep to be written again, it is not taken apart either.
    JSON.stringify(value);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

const wordsOf = (name: string) =>
  name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim()
    .toLowerCase();

/** One argument as a shell would want it, so that its borders are seen. */
const quoted = (argument: string) =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
