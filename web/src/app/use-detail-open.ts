import { useEffect } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { closeDialog, openDialog, useOpenDialog } from "@/shared/dialogs/dialog-store";
import { useMediaQuery } from "@/shared/ui/use-media-query";

const KEY = "muster.detail";
/** Narrower, the details have no room beside the session and lie over it. */
const WIDE = "(min-width: 1100px)";

const beside = createStore(() => localStorage.getItem(KEY) === "open");

/** Opens or closes the details of the open session, in the way that there is room for. */
export function toggleDetail(): void {
  if (!matchMedia(WIDE).matches) {
    openDialog({ kind: "detail" });
    return;
  }
  const open = !beside.getState();
  localStorage.setItem(KEY, open ? "open" : "closed");
  beside.setState(open, true);
}

export function useDetailOpen(): "beside" | "over" | null {
  const wide = useMediaQuery(WIDE);
  const isBeside = useStore(beside);
  const isOver = useOpenDialog()?.kind === "detail";
  // The window has become wide.
  useEffect(() => {
    if (wide && isOver) closeDialog();
  }, [wide, isOver]);
  if (wide) return isBeside ? "beside" : null;
  return isOver ? "over" : null;
}
