import { useCallback, useEffect, useState } from "react";

/** The unsent text of one conversation, kept over reloads. */
export function useDraft(key: string): [string, (text: string) => void] {
  const name = `muster.draft.${key}`;
  const [draft, setDraft] = useState(() => localStorage.getItem(name) ?? "");
  const [shownFor, setShownFor] = useState(name);
  if (shownFor !== name) {
    setShownFor(name);
    setDraft(localStorage.getItem(name) ?? "");
  }
  const change = useCallback(
    (text: string) => {
      setDraft(text);
      if (text === "") localStorage.removeItem(name);
      else localStorage.setItem(name, text);
    },
    [name],
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
