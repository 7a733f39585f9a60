import { createContext, use } from "react";
import { visibleText } from "../requests/visible-text";

/** Where the session's agent works. */
export const DirectoryContext = createContext("");

/** A path as whoever works in that directory would write it, with nothing hidden in it. */
export function useShortPath(path: string): string {
  return visibleText(shortPath(use(DirectoryContext), path));
}

/** Some agents leave out the slash that a path begins with. */
export function shortPath(directory: string, path: string): string {
  const root = directory.replace(/[/\\]+$/, "");
  if (root === "") return path;
  for (const start of [root, root.replace(/^\//, "")])
    if (path.startsWith(`${start}/`) || path.startsWith(`${start}\\`))
      return path.slice(start.length + 1) || path;
  return path;
}
