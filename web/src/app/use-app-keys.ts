import { useEffect } from "react";
import { anyDialogOpen, openDialog } from "@/shared/dialogs/dialog-store";
import { useMachines } from "@/shared/fleet/use-machines";
import { useSessions } from "@/shared/fleet/use-sessions";
import { singleKeysStore } from "@/shared/keys/single-keys";
import { isSteppedTo, stepTo } from "@/shared/keys/stepped-to";
import { useGo, usePlace } from "@/shared/nav/place";
import { toggleDetail } from "./use-detail-open";

/** The keys of every page behind the sign-in; the list behind `?` names them all. */
export function useAppKeys(): void {
  const place = usePlace();
  const go = useGo();
  const sessions = useSessions().data;
  const machines = useMachines().data;
  useEffect(() => {
    if (!isSteppedTo(place.session ?? "")) stepTo(null);
  }, [place.session]);
  useEffect(() => {
    const current = sessions?.find((s) => s.chatSessionId === place.session);
    const step = (by: number) => {
      const rows = [...document.querySelectorAll<HTMLElement>("[data-session]")];
      const at = rows.findIndex((row) => row.dataset["session"] === place.session);
      const next = rows[at === -1 ? 0 : at + by];
      const session = next?.dataset["session"];
      if (session === undefined) return;
      next?.focus();
      stepTo(session);
      go({ session });
    };
    const newSession = () => {
      const worker = place.worker ?? current?.workerId;
      if (worker !== undefined) go({ worker });
      // The way to a worker begins there.
      else if (machines?.length === 0) openDialog({ kind: "create-machine" });
    };
    const onKey = (event: KeyboardEvent) => {
      const mod = event.metaKey || event.ctrlKey;
      if (mod && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openDialog({ kind: "palette" });
        return;
      }
      if (mod || event.altKey || !singleKeysStore.getState() || isBusy(event.target)) return;
      const composer = document.getElementById("composer");
      const actions: Record<string, () => void> = {
        "?": () => openDialog({ kind: "shortcuts" }),
        // Elsewhere it may be the browser's own.
        ...(composer !== null && { "/": () => composer.focus() }),
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
  }, [place, go, sessions, machines]);
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
