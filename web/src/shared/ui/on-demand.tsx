import { useEffect, useState, type ComponentType } from "react";

type Load<Props> = () => Promise<{ default: ComponentType<Props> }>;
type Loading<Props> = { component?: ComponentType<Props>; error?: Error };

/**
 * A component whose code is fetched when it is first shown, or before by `preload`; meanwhile it is `Meanwhile`. If it
 * cannot be fetched, `onFailed` is told, or it is an error of who shows it. Not by React's own `lazy`: what that shows
 * meanwhile stays for 300 ms, even for code that is there sooner.
 */
export function onDemand<Props extends object>(
  load: Load<Props>,
  Meanwhile: ComponentType<Props> = () => null,
  onFailed?: () => void,
) {
  let loaded: ComponentType<Props> | undefined;
  const preload = async () => {
    loaded = (await load()).default;
    return loaded;
  };
  function OnDemand(props: Props) {
    // For as long as it is mounted: another component would begin anew.
    const [{ component: Component, error }, set] = useState<Loading<Props>>(() =>
      loaded === undefined ? {} : { component: loaded },
    );
    useEffect(() => {
      if (Component !== undefined) return undefined;
      let gone = false;
      preload().then(
        (component) => !gone && set({ component }),
        (error: unknown) => {
          if (gone) return;
          if (onFailed !== undefined) onFailed();
          else set({ error: error instanceof Error ? error : new Error(String(error)) });
        },
      );
      return () => {
        gone = true;
      };
    }, [Component]);
    if (error !== undefined) throw error;
    return Component === undefined ? <Meanwhile {...props} /> : <Component {...props} />;
  }
  return Object.assign(OnDemand, { preload, isThere: () => loaded !== undefined });
}

/**
 * Fetches what the build knows to be wanted soon, and runs none of it. Safari does not: there it is fetched when it is
 * wanted. Not before what is asked for now is shown: on a slow network the two would share what there is.
 */
export function fetchSoon(): void {
  const told = document.querySelector<HTMLElement>("script[data-soon]");
  const files = told?.dataset["soon"]?.split(" ") ?? [];
  told?.removeAttribute("data-soon");
  void prefetchAll(files);
}

/** One after the other, each when the page has nothing else to do: together they hold up a tap. */
async function prefetchAll(files: readonly string[]): Promise<void> {
  await shown();
  for (const file of files) {
    prefetch(file);
    await idle();
  }
}

/** Once what is rendered just now is shown, and the page has nothing else to do. A tab behind others shows nothing. */
export async function shown(): Promise<void> {
  // What an effect asks for would go out before what it belongs to is painted.
  if (!document.hidden)
    await new Promise<void>((resolve) => {
      requestAnimationFrame(() => resolve());
      document.addEventListener("visibilitychange", () => resolve(), { once: true });
    });
  await idle();
}

/** Not there any longer than it is of use: the build's own code fetches nothing that a link names already. */
function prefetch(href: string): void {
  const link = Object.assign(document.createElement("link"), { rel: "prefetch", href });
  const done = () => link.remove();
  link.addEventListener("load", done);
  link.addEventListener("error", done);
  document.head.append(link);
}

/** What tells that somebody is there. */
const SIGNS = ["pointermove", "pointerdown", "keydown"] as const;
const AT_LATEST_MS = 30_000;

/**
 * Loads what will be wanted soon, from the first sign of somebody on: one after the other, each when the page has
 * nothing else to do. What is done meanwhile goes first. Offline, it is tried again when it is shown.
 */
export function whenIdle(loads: readonly (() => Promise<unknown>)[]): () => void {
  const stop = new AbortController();
  const load = async () => {
    await somebody(stop.signal);
    for (const next of loads) {
      await idle();
      if (stop.signal.aborted) return;
      await next().catch(() => undefined);
    }
  };
  void load();
  return () => stop.abort();
}

const somebody = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    for (const sign of SIGNS)
      addEventListener(sign, () => resolve(), { once: true, passive: true, signal });
    setTimeout(resolve, AT_LATEST_MS);
  });

const idle = () =>
  new Promise<void>((resolve) => {
    // Safari has none.
    if (typeof requestIdleCallback === "function") requestIdleCallback(() => resolve());
    else setTimeout(resolve, 1_000);
  });
