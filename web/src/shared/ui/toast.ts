import type { ExternalToast, toast as Sonner } from "sonner";
import { createStore } from "zustand/vanilla";

type Show = typeof Sonner;

/** Whether there is a place for toasts: it is not part of what is loaded first, and comes with the first of them. */
export const toastPlace = createStore(() => false);

let begin: (show: Show) => void = () => undefined;
const begun = new Promise<Show>((resolve) => (begin = resolve));

/** For the place, once it hears of what is to be shown. */
export const showToasts = (show: Show): void => begin(show);

function say(how: (show: Show) => void): void {
  toastPlace.setState(true, true);
  void begun.then(how);
}

/** A word on what was done, that goes by itself. */
export const toast = Object.assign(
  (text: string, options?: ExternalToast) => say((show) => show(text, options)),
  {
    success: (text: string) => say((show) => show.success(text)),
    error: (text: string, options?: ExternalToast) => say((show) => show.error(text, options)),
  },
);
