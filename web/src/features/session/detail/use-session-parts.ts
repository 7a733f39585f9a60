import { useShallow } from "zustand/react/shallow";
import type { PartOf } from "@/shared/api/types";
import type { Transcript } from "../stream/transcript";
import { useSessionView } from "../stream/use-session-stream";

function partsOf<K extends "diff" | "plan">({ order, entries }: Transcript, kind: K): PartOf<K>[] {
  // What lost its place was taken back.
  const current = order.filter((id) => entries[id]?.message.supersededBy == null);
  return current.flatMap((id) =>
    (entries[id]?.parts ?? []).filter((part): part is PartOf<K> => part.kind === kind),
  );
}

/** The agent's newest plan, among the messages that are loaded. */
export function usePlan(): PartOf<"plan"> | undefined {
  return useSessionView((view) => partsOf(view.transcript, "plan").at(-1));
}

/** All diffs in the order they were made, among the messages that are loaded. */
export function useDiffs(): readonly PartOf<"diff">[] {
  return useSessionView(useShallow((view) => partsOf(view.transcript, "diff")));
}
