import { lazy, useState, type ComponentType } from "react";

type Load<Props> = () => Promise<{ default: ComponentType<Props> }>;

/**
 * A component whose code is fetched when it is first shown, or before by `preload`. React's own `lazy` shows its
 * fallback even for code that is there, and then keeps it on the screen for 300 ms.
 */
export function onDemand<Props extends object>(load: Load<Props>) {
  let loaded: ComponentType<Props> | undefined;
  const preload = async () => {
    const module = await load();
    loaded = module.default;
    return module;
  };
  const Lazy = lazy(preload);
  function OnDemand(props: Props) {
    // For as long as it is mounted: another component would begin anew.
    const [Component] = useState<ComponentType<Props>>(() => loaded ?? Lazy);
    return <Component {...props} />;
  }
  return Object.assign(OnDemand, { preload });
}

/**
 * Loads what will be wanted soon, one after the other, each when the page has nothing else to do: what somebody does
 * meanwhile goes first. Offline, it is tried again when it is shown.
 */
export function whenIdle(loads: readonly (() => Promise<unknown>)[]): () => void {
  let stopped = false;
  const load = async () => {
    for (const next of loads) {
      await idle();
      if (stopped) return;
      await next().catch(() => undefined);
    }
  };
  void load();
  return () => {
    stopped = true;
  };
}

const idle = () =>
  new Promise<void>((resolve) => {
    // Safari has none.
    if (typeof requestIdleCallback === "function") requestIdleCallback(() => resolve());
    else setTimeout(resolve, 1_000);
  });
