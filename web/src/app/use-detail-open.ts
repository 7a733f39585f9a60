import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";

const KEY = "muster.detail";
const store = createStore(() => localStorage.getItem(KEY) === "open");

export function setDetailOpen(open: boolean): void {
  localStorage.setItem(KEY, open ? "open" : "closed");
  store.setState(open, true);
}

export const toggleDetail = () => setDetailOpen(!store.getState());

export function useDetailOpen(): [boolean, (open: boolean) => void] {
  return [useStore(store), setDetailOpen];
}
