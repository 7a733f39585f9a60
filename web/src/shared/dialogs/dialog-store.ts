import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";

/** Dialogs that several places open. One at a time, so one value says it all. */
export type OpenDialog =
  | { kind: "palette" }
  | { kind: "shortcuts" }
  | { kind: "rail" }
  | { kind: "detail" }
  | { kind: "connect-agent"; machineId: string | null }
  | { kind: "create-machine" }
  | { kind: "rename-machine"; machineId: string }
  | { kind: "delete-machine"; machineId: string }
  | { kind: "create-worker"; machineId: string; existing?: string }
  | { kind: "rename-worker"; machineId: string; workerId: string }
  | { kind: "remove-worker"; machineId: string; workerId: string }
  | { kind: "rename-session"; sessionId: string }
  | { kind: "share-session"; sessionId: string }
  | { kind: "end-session"; sessionId: string }
  | { kind: "resume-session"; sessionId: string }
  | { kind: "delete-session"; sessionId: string };

const store = createStore<{ open: OpenDialog | null }>(() => ({ open: null }));

/** What had the focus before a dialog took it. */
let opener: HTMLElement | null = null;

export function openDialog(open: OpenDialog): void {
  const { activeElement } = document;
  // A menu is gone by the time the dialog closes; its button is not.
  const button = activeElement?.closest("[role=menu]")?.getAttribute("aria-labelledby");
  opener = button == null ? null : document.getElementById(button);
  store.setState({ open });
}

/** When a dialog closes: the focus goes on from where its menu was, if it had one. */
export function returnFocus(event: Event): void {
  if (opener?.isConnected === true) {
    event.preventDefault();
    opener.focus();
  }
  opener = null;
}

export const closeDialog = () => store.setState({ open: null });
export const useOpenDialog = () => useStore(store, (state) => state.open);
export const anyDialogOpen = () => store.getState().open !== null;
