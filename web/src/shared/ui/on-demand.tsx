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

/** Calls back when the page has nothing else to do, for what will be wanted soon. */
export function whenIdle(work: () => void): () => void {
  // Safari has none.
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(work, 1_000);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(work);
  return () => cancelIdleCallback(handle);
}
