import { useEffect, useState } from "react";
import { oneAtATime } from "./one-at-a-time";
import { TranscriptRow } from "./transcript-row";

interface RowInTimeProps {
  messageId: string;
  /** Many rows come and go now: an empty place of this height will do until it is this one's turn. */
  passing: boolean;
  height: number;
}

export function RowInTime({ messageId, passing, height }: RowInTimeProps) {
  const [shown, setShown] = useState(!passing);
  useEffect(() => (shown ? undefined : oneAtATime(() => setShown(true))), [shown]);
  return shown ? <TranscriptRow messageId={messageId} /> : <div style={{ height }} />;
}
