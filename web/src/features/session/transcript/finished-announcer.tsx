import { useEffect, useState } from "react";
import { t } from "@/shared/i18n/strings";
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
          const now = transcript.entries[id]?.message;
          const was = before.transcript.entries[id]?.message;
          if (now?.role === "assistant" && now.completed && was?.completed === false)
            setText(`${t.reply.finished} ${now.content}`);
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
