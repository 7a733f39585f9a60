import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";

/** Dialogs that several places open. One at a time, so one value says it all. */
export type OpenDialog =
  | { kind: "palette" }
  | { kind: "shortcuts" }
  | { kind: "sign-out" }
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

/** What had the focus before a dialog took it, and before the one that this one took the place of, or follows at once. */
let openers: readonly (HTMLElement | null)[] = [];

export function openDialog(open: OpenDialog): void {
  openers = [...openers, focused()];
  store.setState({ open });
}

/** When a dialog opens that a component keeps for itself: its opener is asked for now. */
export function rememberOpener(): void {
  if (!anyDialogOpen()) openers = [focused()];
}

function focused(): HTMLElement | null {
  const { activeElement } = document;
  // A menu is gone by the time the dialog closes; its button is not.
  const button = activeElement?.closest("[role=menu]")?.getAttribute("aria-labelledby");
  return button == null ? (activeElement as HTMLElement | null) : document.getElementById(button);
}

/** When a dialog closes: the focus goes on from where it was, unless something else has it by now. */
export function returnFocus(event?: Event): void {
  event?.preventDefault();
  if (anyDialogOpen()) return;
  const opener = openers.findLast((element) => element?.isConnected === true);
  if (document.activeElement === document.body) opener?.focus();
  openers = [];
}

export const closeDialog = () => store.setState({ open: null });
export const useOpenDialog = () => useStore(store, (state) => state.open);
export const anyDialogOpen = () => store.getState().open !== null;
