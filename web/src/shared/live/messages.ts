import type { Frame } from "./frame";

export interface LinkStatus {
  phase: "connecting" | "live" | "catching_up" | "offline";
  /** When this phase began, in ms since the epoch. */
  since: number;
}

/** What a tab says to the hub. */
export type FromTab =
  | { type: "watch"; session: string; cursor: string }
  | { type: "unwatch"; session: string }
  | { type: "wake" }
  | { type: "doubt" }
  | { type: "ping" }
  | { type: "bye" };

/** What the hub says to a tab. */
export type ToTab =
  | { type: "frames"; frames: readonly Frame[] }
  | { type: "status"; status: LinkStatus }
  /** The user stream starts anew from here: what was fetched before may have missed something. */
  | { type: "refetch" }
  /** It was silent for so long that it was let go, and is let in again: it says anew what it watches. */
  | { type: "forgotten" }
  | { type: "signed-out" };
