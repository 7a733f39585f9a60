export type Language = "en" | "de";

const KEY = "muster.language";

export function chosenLanguage(): Language {
  const set = localStorage.getItem(KEY);
  if (set === "en" || set === "de") return set;
  return navigator.language.startsWith("de") ? "de" : "en";
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  location.reload();
}
