import type { ChatMessage } from "@/shared/api/types";
import type { Entry } from "./transcript";

type Entries = Readonly<Record<string, Entry>>;

/** Which version of a message is looked at, by the first version that is loaded; else the newest. */
export type Chosen = Readonly<Record<string, string>>;

export const versionOf = (message: ChatMessage): number => message.version ?? 1;

/** The version that took the place of a message of the user, if one did that directly. */
export function newerVersion(entries: Entries, message: ChatMessage): ChatMessage | undefined {
  const newer = entries[message.supersededBy ?? ""]?.message;
  return newer?.replaces === message.messageId ? newer : undefined;
}

/** The version before; `undefined` also while it is not loaded. */
export function olderVersion(entries: Entries, message: ChatMessage): ChatMessage | undefined {
  const older = entries[message.replaces ?? ""]?.message;
  return older?.supersededBy === message.messageId ? older : undefined;
}

/** The first version that is loaded: what all versions of a message have in common. */
export function rootOf(entries: Entries, message: ChatMessage): string {
  let root = message;
  for (let older = olderVersion(entries, root); older; older = olderVersion(entries, root))
    root = older;
  return root.messageId;
}

/** The version that is there when none is chosen: the last of the chain. */
export function newestOf(entries: Entries, message: ChatMessage): ChatMessage {
  let newest = message;
  for (let newer = newerVersion(entries, newest); newer; newer = newerVersion(entries, newest))
    newest = newer;
  return newest;
}
