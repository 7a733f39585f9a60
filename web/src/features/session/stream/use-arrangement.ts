import { useShallow } from "zustand/react/shallow";
import { arrange, type Arrangement } from "./arrange";
import type { SessionView } from "./session-stream";
import type { Transcript } from "./transcript";
import { useSessionView } from "./use-session-stream";
import type { Chosen } from "./versions";

const arranged = new WeakMap<Transcript, { chosen: Chosen; arrangement: Arrangement }>();

function arrangementOf({ transcript, chosen }: SessionView): Arrangement {
  const known = arranged.get(transcript);
  if (known?.chosen === chosen) return known.arrangement;
  const arrangement = arrange(transcript, chosen);
  arranged.set(transcript, { chosen, arrangement });
  return arrangement;
}

/** What is in which order. Most chunks change nothing about it, and then nothing renders again. */
export function useArrangement(): Arrangement {
  const rows = useSessionView(useShallow((view) => arrangementOf(view).rows));
  const queue = useSessionView(useShallow((view) => arrangementOf(view).queue));
  const open = useSessionView((view) => arrangementOf(view).open);
  const earlier = useSessionView((view) => arrangementOf(view).earlier);
  return { rows, queue, open, earlier };
}
