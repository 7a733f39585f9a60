import { useEffect, useState } from "react";
import { t } from "@/shared/i18n/strings";
import { lacksChunks } from "../stream/fold-message";
import type { Entry } from "../stream/transcript";
import { useSessionStream } from "../stream/use-session-stream";

/** Screen readers hear a finished reply once, not each of its tokens. */
export function FinishedAnnouncer() {
  const stream = useSessionStream();
  const [text, setText] = useState("");
  useEffect(
    () =>
      stream.store.subscribe(({ transcript }, before) => {
        if (transcript === before.transcript) return;
        for (const id of transcript.order.slice(-4)) {
          const now = transcript.entries[id];
          const was = before.transcript.entries[id];
          if (
            now?.message.role === "assistant" &&
            was !== undefined &&
            isWhole(now) &&
            !isWhole(was)
          )
            setText(`${t.reply.finished} ${wordsOf(now)}`);
        }
      }),
    [stream],
  );
  return (
    <p aria-live="polite" className="sr-only">
      {text}
    </p>
  );
}

/** The end of a reply may be heard of before the last of its text. */
const isWhole = (entry: Entry) => entry.message.completed && !lacksChunks(entry);

/** All that it says, before and after its tools: a long reply's message comes without its content. */
const wordsOf = ({ parts }: Entry) =>
  parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
