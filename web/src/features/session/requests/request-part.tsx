import { use } from "react";
import { useRequests } from "@/shared/fleet/use-requests";
import { t } from "@/shared/i18n/strings";
import { ReadOnlyContext, useSessionView } from "../stream/use-session-stream";
import { RequestCard } from "./request-card";

/** A request in its place in the reply; who only reads is not told what was asked. */
export function RequestPart({ requestId }: { requestId: string }) {
  if (use(ReadOnlyContext)) return <p className="my-2 text-sm text-ink-3">{t.request.elsewhere}</p>;
  return <OwnRequest requestId={requestId} />;
}

/** As the session's stream last told it, else from the inbox. */
function OwnRequest({ requestId }: { requestId: string }) {
  const streamed = useSessionView((view) => view.transcript.requests[requestId]);
  const inbox = useRequests();
  const waiting = inbox.data?.find((request) => request.requestId === requestId);
  const request = streamed ?? waiting;
  if (request !== undefined) return <RequestCard request={request} />;
  return (
    <p className="my-2 text-sm text-ink-3">
      {inbox.isPending ? t.request.loading : t.request.gone}
    </p>
  );
}
