import { useEffect, useState } from "react";

/** Typing on is not asked about, letter by letter. */
const PAUSE_MS = 150;

/** The text once nobody types on. */
export function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
