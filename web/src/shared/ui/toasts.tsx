import { useEffect } from "react";
import { useStore } from "zustand";
import { onDemand, whenIdle } from "./on-demand";
import { toastPlace } from "./toast";

const Toaster = onDemand(
  async () => ({ default: (await import("./toaster")).Toaster }),
  undefined,
  // The next toast tries again, and this one is shown with it.
  () => toastPlace.setState(false, true),
);

/** Screen readers must know the place before something is said there: it comes with the first sign of somebody. */
const soon = [
  async () => {
    await Toaster.preload();
    toastPlace.setState(true, true);
  },
];

/** Where toasts are shown. */
export function Toasts() {
  const isThere = useStore(toastPlace);
  useEffect(() => whenIdle(soon), []);
  return isThere && <Toaster />;
}
