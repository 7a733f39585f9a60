import { useCallback, useEffect, useState } from "react";
import { OWN } from "@/shared/account/own-storage";

const nameOf = (key: string) => `${OWN}draft.${key}`;

/** Puts a text where a composer that is opened next finds it. */
export function saveDraft(key: string, text: string): void {
  if (text === "") localStorage.removeItem(nameOf(key));
  else localStorage.setItem(nameOf(key), text);
}

/** What is written there, as of now: what a component was rendered with may be older. */
export const savedDraft = (key: string): string => localStorage.getItem(nameOf(key)) ?? "";

/** A text that comes back to where something else may be written by now: that is kept, behind it. */
export const beforeDraft = (text: string, draft: string): string =>
  [text, draft].filter((one) => one.trim() !== "").join("\n\n");

/** The unsent text of one conversation, kept over reloads. */
export function useDraft(key: string): [string, (text: string) => void] {
  const name = nameOf(key);
  const [draft, setDraft] = useState(() => savedDraft(key));
  const [shownFor, setShownFor] = useState(name);
  if (shownFor !== name) {
    setShownFor(name);
    setDraft(savedDraft(key));
  }
  const change = useCallback(
    (text: string) => {
      setDraft(text);
      saveDraft(key, text);
    },
    [key],
  );
  // Another tab on the same conversation writes the same draft.
  useEffect(() => {
    const onStorage = (event: StorageEvent) => {
      if (event.key === name) setDraft(event.newValue ?? "");
    };
    window.addEventListener("storage", onStorage);
    return () => window.removeEventListener("storage", onStorage);
  }, [name]);
  return [draft, change];
}
