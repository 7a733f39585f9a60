import type { PartOf } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { plainText } from "./plain-text";
import { safeHref } from "./safe-link";
import { toolKind, type ToolKind } from "./tool-kind";

export interface ToolFacts {
  kind: ToolKind;
  /** What it is about: a path, a pattern, an address, what a sub-agent shall do. */
  subject: string;
  /** Which lines, how many matches, which sub-agent. */
  note: string;
  /** What it was given, as far as the rest does not say it. */
  input: string;
  /** Where it looked, if that may be followed. */
  link: string | undefined;
  entries: readonly Entry[];
}

type Entry = Pick<PartOf<"plan">["entries"][number], "content" | "status">;

type Given = Record<string, unknown>;

/** What a tool call is in a person's words. Whatever it does not understand stays as it came. */
export function toolFacts(part: PartOf<"tool">): ToolFacts {
  const kind = toolKind(part.name);
  const given = objectOf(part.input);
  const facts: ToolFacts = {
    kind,
    subject: part.title,
    note: "",
    input: given === null ? part.input : JSON.stringify(given, null, 2),
    link: undefined,
    entries: [],
  };
  const known = given === null ? {} : (readers[kind]?.(given, part) ?? {});
  const told = { ...facts, ...known };
  return {
    ...told,
    subject: plainText(told.subject),
    note: plainText(told.note),
    input: plainText(told.input),
  };
}

const readers: Partial<
  Record<ToolKind, (given: Given, part: PartOf<"tool">) => Partial<ToolFacts>>
> = {
  command: (given) => {
    const command = text(given, "command", "cmd");
    return command === "" ? {} : { input: `$ ${command}` };
  },
  edit: (given, part) => ({ subject: pathIn(given) || part.title }),
  read: (given, part) => {
    const path = pathIn(given);
    return path === ""
      ? {}
      : { subject: path, note: linesIn(given), ...(part.state !== "error" && { input: "" }) };
  },
  search: (given, part) => ({
    subject: text(given, "pattern", "query", "regex") || part.title,
    note: part.state === "completed" ? t.reply.matches(matches(part.output)) : "",
  }),
  web: (given, part) => {
    const url = text(given, "url", "uri");
    if (url === "") return { subject: text(given, "query") || part.title };
    return { subject: url, input: "", link: safeHref(url) };
  },
  task: (given, part) => {
    const prompt = text(given, "prompt");
    return {
      subject: text(given, "description") || part.title,
      note: text(given, "subagent_type", "subagent", "agent"),
      ...(prompt !== "" && { input: prompt }),
    };
  },
  plan: (given) => {
    const entries = given["todos"] ?? given["entries"];
    if (!Array.isArray(entries) || !entries.every(isEntry)) return {};
    const done = entries.filter((entry) => entry.status === "completed").length;
    return { entries, input: "", note: t.reply.planDone(done, entries.length) };
  },
};

const statuses: readonly unknown[] = ["pending", "in_progress", "completed", "cancelled"];

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { content, status } = value as Given;
  return typeof content === "string" && statuses.includes(status);
}

const pathIn = (given: Given) => text(given, "filePath", "file_path", "path", "absolute_path");

/** Which part of a file was asked for; nothing for all of it. */
function linesIn(given: Given): string {
  const from = Math.max(1, number(given, "offset") ?? 1);
  const count = number(given, "limit");
  if (count !== undefined) return t.reply.lines(from, from + count - 1);
  return from > 1 ? t.reply.linesFrom(from) : "";
}

/** Agents count for themselves, or give a line for each. */
function matches(output: string): number {
  const told = /^found (\d+)/i.exec(output)?.[1];
  if (told !== undefined) return Number(told);
  if (/^no (files|matches|results)\b/i.test(output)) return 0;
  return output.split("\n").filter((line) => line.trim() !== "").length;
}

function text(given: Given, ...names: string[]): string {
  const value = names.map((name) => given[name]).find((value) => typeof value === "string");
  return typeof value === "string" ? value : "";
}

function number(given: Given, name: string): number | undefined {
  const value = given[name];
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function objectOf(json: string): Given | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? (value as Given) : null;
  } catch {
    return null;
  }
}
