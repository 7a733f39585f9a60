import { useEffect } from "react";
import { api } from "@/shared/api/client";
import type { ChatSession } from "@/shared/api/types";

/** What is on the screen of a visible page has been read. */
export function useMarkRead(session: ChatSession | undefined, newest: string | undefined): void {
  const id = session?.chatSessionId;
  const unread = session?.unread ?? false;
  useEffect(() => {
    if (id === undefined || newest === undefined || !unread) return;
    const mark = () => {
      if (document.visibilityState !== "visible") return;
      // If it fails, the mark stays until the next look; nothing to tell anyone.
      void api
        .POST("/api/v1/sessions/{id}/read", {
          params: { path: { id } },
          body: { messageId: newest },
        })
        .catch(() => undefined);
    };
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [id, newest, unread]);
}
