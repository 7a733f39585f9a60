import { useShallow } from "zustand/react/shallow";
import { arrange, type Arrangement } from "./arrange";
import type { Transcript } from "./transcript";
import { useSessionView } from "./use-session-stream";

const arranged = new WeakMap<Transcript, Arrangement>();

function arrangementOf(transcript: Transcript): Arrangement {
  const known = arranged.get(transcript) ?? arrange(transcript);
  arranged.set(transcript, known);
  return known;
}

/** What is in which order. Most chunks change nothing about it, and then nothing renders again. */
export function useArrangement(): Arrangement {
  const rows = useSessionView(useShallow((view) => arrangementOf(view.transcript).rows));
  const queue = useSessionView(useShallow((view) => arrangementOf(view.transcript).queue));
  const open = useSessionView((view) => arrangementOf(view.transcript).open);
  return { rows, queue, open };
}
