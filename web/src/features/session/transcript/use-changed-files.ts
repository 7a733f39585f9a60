import { useSessionView } from "../stream/use-session-stream";

/** How many files the agent changed from a message on: it takes these changes back, where it can. */
export function useChangedFiles(messageId: string): number {
  return useSessionView(({ transcript: { order, entries } }) => {
    const behind = order
      .slice(order.indexOf(messageId))
      .filter((id) => entries[id]?.message.supersededBy == null);
    const paths = behind.flatMap((id) =>
      (entries[id]?.parts ?? []).flatMap((part) => (part.kind === "diff" ? [part.path] : [])),
    );
    return new Set(paths).size;
  });
}
