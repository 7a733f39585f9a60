import { memo } from "react";
import type { Part } from "@/shared/api/types";
import { RequestPart } from "../requests/request-part";
import { DiffPart } from "./diff-part";
import { Markdown } from "./markdown";
import { NoticePart } from "./notice-part";
import { PlanPart } from "./plan-part";
import { ReasoningPart } from "./reasoning-part";
import { ToolPart } from "./tool-part";

export function ReplyParts({ parts, streaming }: { parts: readonly Part[]; streaming: boolean }) {
  return parts.map((part, i) => (
    <ReplyPart
      key={part.partId}
      part={part}
      streaming={streaming && i === parts.length - 1}
      ended={!streaming}
    />
  ));
}

interface ReplyPartProps {
  part: Part;
  /** It may still grow. */
  streaming: boolean;
  /** The whole reply is over. */
  ended: boolean;
}

/** Parts are replaced, never changed, so one that has not changed is not rendered again. */
const ReplyPart = memo(function ReplyPart({ part, streaming, ended }: ReplyPartProps) {
  switch (part.kind) {
    case "text":
      return <Markdown text={part.text} streaming={streaming} />;
    case "reasoning":
      return <ReasoningPart part={part} streaming={streaming} />;
    case "tool":
      return <ToolPart part={part} ended={ended} />;
    case "diff":
      return <DiffPart part={part} />;
    case "plan":
      return <PlanPart part={part} />;
    case "permission":
    case "question":
      return <RequestPart requestId={part.requestId} />;
    case "notice":
      return <NoticePart part={part} />;
    case "usage":
      // In the footer.
      return null;
    default:
      // A server that is newer than this page may have parts that it does not know.
      return null;
  }
});
