import { useEffect } from "react";
import { anyDialogOpen, openDialog } from "@/shared/dialogs/dialog-store";
import { useSessions } from "@/shared/fleet/use-sessions";
import { singleKeysStore } from "@/shared/keys/single-keys";
import { useGo, usePlace } from "@/shared/nav/place";
import { toggleDetail } from "./use-detail-open";

/** The keys of the whole page; the list behind `?` names them all. */
export function useAppKeys(): void {
  const place = usePlace();
  const go = useGo();
  const sessions = useSessions().data;
  useEffect(() => {
    const current = sessions?.find((s) => s.chatSessionId === place.session);
    const step = (by: number) => {
      const order = [...document.querySelectorAll<HTMLElement>("[data-session]")].map(
        (row) => row.dataset["session"] ?? "",
      );
      const at = order.indexOf(place.session ?? "");
      const next = order[at === -1 ? 0 : at + by];
      if (next !== undefined) go({ session: next });
    };
    const newSession = () => {
      const worker = place.worker ?? current?.workerId;
      if (worker !== undefined) go({ worker });
    };
    const onKey = (event: KeyboardEvent) => {
      const mod = event.metaKey || event.ctrlKey;
      if (mod && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openDialog({ kind: "palette" });
        return;
      }
      if (mod || event.altKey || !singleKeysStore.getState() || isBusy(event.target)) return;
      const actions: Record<string, () => void> = {
        "?": () => openDialog({ kind: "shortcuts" }),
        "/": () => document.getElementById("composer")?.focus(),
        n: newSession,
        j: () => step(1),
        k: () => step(-1),
        ...(current !== undefined && { d: toggleDetail }),
      };
      const action = actions[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [place, go, sessions]);
}

/** What is over the page, and not on its way out: its own keys count, or none. */
const OVER = ":is([role=dialog], [role=alertdialog], [role=menu]):not([data-state=closed])";
/** Where letters are written, or choose among what begins with them. */
const WRITES = "input, textarea, select, [contenteditable], [role=listbox], [role=combobox]";

/** Whether a letter means something else than a shortcut here and now. */
function isBusy(target: EventTarget | null): boolean {
  if (anyDialogOpen() || document.querySelector(OVER) !== null) return true;
  return target instanceof Element && target.closest(WRITES) !== null;
}
