import { use } from "react";
import { t } from "@/shared/i18n/strings";
import { ReadOnlyContext } from "../stream/use-session-stream";
import { RequestCard } from "./request-card";
import { useRequest } from "./use-request";

/** A request in its place in the reply; who only reads is not told what was asked. */
export function RequestPart({ requestId }: { requestId: string }) {
  if (use(ReadOnlyContext)) return <p className="my-2 text-sm text-ink-3">{t.request.elsewhere}</p>;
  return <OwnRequest requestId={requestId} />;
}

function OwnRequest({ requestId }: { requestId: string }) {
  const request = useRequest(requestId);
  if (request != null) return <RequestCard request={request} />;
  return (
    <p className="my-2 text-sm text-ink-3">
      {request === undefined ? t.request.loading : t.request.gone}
    </p>
  );
}
