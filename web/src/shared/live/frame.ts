/** One event of the stream, as the tabs get it. */
export interface Frame {
  /** The session's id, or the user's id for the user stream. */
  stream: string;
  id: string;
  event: string;
  data: unknown;
}

/** `<stream>:<epoch>-<position>`; the stream's key is all before the last colon. */
export function streamOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf(":")));
}

/**
 * Whether `a` is certainly behind `b`. Positions compare only within one epoch; across epochs
 * the server decides, by `resync`.
 */
export function isBehind(a: string, b: string): boolean {
  const [left, right] = [split(a), split(b)];
  return left !== null && right !== null && left.epoch === right.epoch && left.at < right.at;
}

function split(id: string): { epoch: string; at: number } | null {
  const tail = id.slice(id.lastIndexOf(":") + 1);
  const dash = tail.lastIndexOf("-");
  const at = Number(tail.slice(dash + 1));
  return dash > 0 && Number.isSafeInteger(at) ? { epoch: tail.slice(0, dash), at } : null;
}
