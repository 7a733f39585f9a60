import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import type { Worker } from "@/shared/api/types";
import { useSettled } from "@/shared/ui/use-settled";
import type { Mention } from "./mention";

const FRESH_MS = 5 * 60_000;
/** What is asked for at most; nobody types a longer path. */
const LONGEST = 200;

export interface Suggestion {
  value: string;
  /** What it is called, and what is said of it. */
  name: string;
  detail: string;
}

/** Where an agent works, and which. */
export interface Place {
  worker: Worker | undefined;
  directory: string;
}

/** What the worker's agent offers for what is being typed; nothing while it is not there to be asked. */
export function useSuggestions(
  { worker, directory }: Place,
  mention: Mention | null,
): readonly Suggestion[] {
  const workerId = worker?.workerId ?? "";
  const online = worker?.status === "online";
  const commands = useQuery({
    queryKey: ["commands", workerId, directory],
    enabled: online && mention?.kind === "command",
    staleTime: FRESH_MS,
    queryFn: () =>
      must(
        api.GET("/api/v1/workers/{workerId}/commands", {
          params: { path: { workerId }, query: { directory } },
        }),
      ),
  });
  const q = useSettled(mention?.kind === "file" ? mention.typed.slice(0, LONGEST) : "");
  const files = useQuery({
    queryKey: ["files", workerId, directory, q],
    enabled: online && mention?.kind === "file",
    placeholderData: keepPreviousData,
    queryFn: () =>
      must(
        api.GET("/api/v1/workers/{workerId}/files", {
          params: { path: { workerId }, query: { q, directory } },
        }),
      ),
  });
  if (mention === null) return [];
  // Until the answer is there, what is left of the one before must fit to what is typed by now.
  const late = files.isPlaceholderData || q !== mention.typed.slice(0, LONGEST);
  const offered =
    mention.kind === "file"
      ? (files.data?.items ?? []).filter((path) => !late || fits(path, mention.typed)).map(fileOf)
      : (commands.data?.items ?? [])
          .filter(({ name }) => name.toLowerCase().includes(mention.typed.toLowerCase()))
          .map(({ name, description }) => ({ value: name, name: `/${name}`, detail: description }));
  // Whoever has typed all of it wants nothing more.
  return offered.some(({ value }) => value === mention.typed) ? [] : offered;
}

/** Whether a path has the letters in their order. */
export function fits(path: string, typed: string): boolean {
  const letters = path.toLowerCase();
  let at = 0;
  for (const letter of typed.toLowerCase()) {
    at = letters.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function fileOf(path: string): Suggestion {
  const end = path.lastIndexOf("/") + 1;
  return { value: path, name: path.slice(end), detail: path.slice(0, end) };
}
