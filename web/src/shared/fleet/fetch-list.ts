import type { LiveClient } from "@/shared/live/live-client";
import { asUserEvent, type UserEvent } from "./fold";

const PAGE = 200;
const MOST_PAGES = 10;

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

type FetchPage<T> = (query: { limit: number; cursor?: string }) => Promise<Page<T>>;

/**
 * A whole list, brought up to date with what the user stream said while it was being fetched: the answer may have been
 * made before an event that this tab has already seen. When the stream begins meanwhile, the answer may miss what came
 * before that, and is fetched anew.
 */
export async function fetchList<T>(
  live: Pick<LiveClient, "onUserFrame" | "onRefetch">,
  page: FetchPage<T>,
  fold: (list: readonly T[], event: UserEvent) => readonly T[],
): Promise<readonly T[]> {
  let meanwhile: UserEvent[] = [];
  let begins = 0;
  const stopFrames = live.onUserFrame((frame) => meanwhile.push(asUserEvent(frame)));
  const stopRefetch = live.onRefetch(() => (begins += 1));
  try {
    for (;;) {
      const before = begins;
      meanwhile = [];
      const items = await allPages(page);
      if (begins === before) return meanwhile.reduce<readonly T[]>(fold, items);
    }
  } finally {
    stopFrames();
    stopRefetch();
  }
}

async function allPages<T>(page: FetchPage<T>): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let i = 0; i < MOST_PAGES; i += 1) {
    const answer: Page<T> = await page({ limit: PAGE, ...(cursor === null ? {} : { cursor }) });
    items.push(...answer.items);
    cursor = answer.nextCursor;
    if (cursor === null) break;
  }
  return items;
}
