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

export const openDialog = (open: OpenDialog) => store.setState({ open });
export const closeDialog = () => store.setState({ open: null });
export const useOpenDialog = () => useStore(store, (state) => state.open);
export const anyDialogOpen = () => store.getState().open !== null;
