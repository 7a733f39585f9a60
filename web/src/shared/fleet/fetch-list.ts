import type { LiveClient } from "@/shared/live/live-client";
import { asUserEvent, type UserEvent } from "./fold";

const PAGE = 200;
const MOST_PAGES = 10;

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * A whole list, brought up to date with what the user stream said while it was being fetched:
 * the answer may have been made before an event that this tab has already seen.
 */
export async function fetchList<T>(
  live: LiveClient,
  page: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
  fold: (list: readonly T[], event: UserEvent) => readonly T[],
): Promise<readonly T[]> {
  await live.ready;
  const meanwhile: UserEvent[] = [];
  const stop = live.onUserFrame((frame) => meanwhile.push(asUserEvent(frame)));
  try {
    const items: T[] = [];
    let cursor: string | null = null;
    for (let i = 0; i < MOST_PAGES; i += 1) {
      const answer: Page<T> = await page({ limit: PAGE, ...(cursor === null ? {} : { cursor }) });
      items.push(...answer.items);
      cursor = answer.nextCursor;
      if (cursor === null) break;
    }
    return meanwhile.reduce<readonly T[]>(fold, items);
  } finally {
    stop();
  }
}
