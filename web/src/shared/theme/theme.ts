import { createStore } from "zustand/vanilla";

export type ThemeSetting = "system" | "light" | "dark";

// The same key is read before the first paint by public/first.js.
const KEY = "muster.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

export const themeStore = createStore<ThemeSetting>(() => {
  const set = localStorage.getItem(KEY);
  return set === "light" || set === "dark" ? set : "system";
});

export function setTheme(setting: ThemeSetting): void {
  localStorage.setItem(KEY, setting);
  themeStore.setState(setting, true);
}

function paint(): void {
  const setting = themeStore.getState();
  const dark = setting === "dark" || (setting === "system" && prefersDark.matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}

export function followTheme(): void {
  themeStore.subscribe(paint);
  prefersDark.addEventListener("change", paint);
  paint();
}
