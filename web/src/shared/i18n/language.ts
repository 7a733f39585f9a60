export type Language = "en" | "de";

const KEY = "muster.language";

export function chosenLanguage(): Language {
  const set = localStorage.getItem(KEY);
  if (set === "en" || set === "de") return set;
  return navigator.language.startsWith("de") ? "de" : "en";
}

/** The language as its reader's region writes it, where the browser tells: a clock of 24 hours, for one. */
export function locale(): string {
  const language = chosenLanguage();
  return navigator.language.startsWith(language) ? navigator.language : language;
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  location.reload();
}
