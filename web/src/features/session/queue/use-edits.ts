import { useEffect, useState } from "react";
import * as z from "zod/mini";
import type { ChatMessage } from "@/shared/api/types";
import { savedDraft, saveDraft } from "../composer/use-draft";

const edit = z.object({
  messageId: z.string(),
  content: z.string(),
  model: z.string(),
  mode: z.nullable(z.string()),
  /** Whether it may be blank. */
  withFiles: z.boolean(),
  /** Until then there is nothing to lose. */
  changed: z.boolean(),
});
const edits = z.array(edit);

/** A message that waits, as it is being changed. */
export type Edit = z.infer<typeof edit>;

export const editOf = ({ messageId, content, model, mode, attachments }: ChatMessage): Edit => ({
  messageId,
  content,
  model: model ?? "",
  mode: mode ?? null,
  withFiles: attachments.length > 0,
  changed: false,
});

/** What is being changed in the messages of a session that wait: kept like a draft, until it is saved or called off. */
export function useEdits(sessionId: string) {
  const key = `waiting:${sessionId}`;
  const state = useState(() => kept(key));
  const [now] = state;
  useEffect(() => {
    const changed = now.filter((one) => one.changed);
    saveDraft(key, changed.length === 0 ? "" : JSON.stringify(changed));
  }, [key, now]);
  return state;
}

function kept(key: string): readonly Edit[] {
  try {
    return edits.safeParse(JSON.parse(savedDraft(key) || "[]")).data ?? [];
  } catch {
    return [];
  }
}
