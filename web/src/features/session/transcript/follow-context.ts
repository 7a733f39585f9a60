import { createContext, use } from "react";

export const FollowContext = createContext<() => void>(() => undefined);

/** For what a reader does inside the transcript and wants to see the consequence of. */
export function useFollowEnd(): () => void {
  return use(FollowContext);
}
