import { flushSync } from "react-dom";

/** So much of a frame goes to it; the rest is for the scrolling itself. */
const SHARE_MS = 6;

const waiting = new Set<() => void>();
let isDue = false;

/** Does it soon, but not in one go with others that wait: what takes long holds up one frame a little, not one for long. */
export function oneAtATime(work: () => void): () => void {
  waiting.add(work);
  schedule();
  return () => waiting.delete(work);
}

function schedule(): void {
  if (isDue) return;
  isDue = true;
  // After the frame: its own tasks (scrolling, layout, painting) are long enough.
  requestAnimationFrame(() => setTimeout(next));
}

function next(): void {
  isDue = false;
  const begun = performance.now();
  for (const work of waiting) {
    waiting.delete(work);
    flushSync(work);
    if (performance.now() - begun >= SHARE_MS) break;
  }
  if (waiting.size > 0) schedule();
}
