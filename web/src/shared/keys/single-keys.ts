import { createStore } from "zustand/vanilla";

const KEY = "muster.single-keys";

/**
 * Whether letters alone are shortcuts. Whoever speaks to the page, or hits keys by accident, turns
 * them off (WCAG 2.2, 2.1.4); those with Ctrl or ⌘ stay.
 */
export const singleKeysStore = createStore(() => localStorage.getItem(KEY) !== "off");

export function setSingleKeys(on: boolean): void {
  localStorage.setItem(KEY, on ? "on" : "off");
  singleKeysStore.setState(on, true);
}
