import type { Page } from "@playwright/test";
import { nanoid } from "nanoid";
import { expect } from "./stack";

/** Fewer than may wait in a session's queue. */
const AT_ONCE = 40;

/** Sends these to the open session, faster than anybody types, and waits until all are answered. */
export async function say(page: Page, contents: readonly string[]): Promise<void> {
  const { origin, searchParams } = new URL(page.url());
  const messages = `${origin}/api/v1/sessions/${searchParams.get("session") ?? ""}/messages`;
  for (let at = 0; at < contents.length; at += AT_ONCE) {
    for (const content of contents.slice(at, at + AT_ONCE)) {
      const data = { messageId: nanoid(), content };
      const answer = await page.request.post(messages, { data, headers: { origin } });
      expect(answer.status(), await answer.text()).toBe(202);
    }
    await expect.poll(() => isAnswered(page, messages), { timeout: 60_000 }).toBe(true);
  }
}

async function isAnswered(page: Page, messages: string): Promise<boolean> {
  const answer = await page.request.get(`${messages}?limit=2`);
  const { items } = (await answer.json()) as { items: { role: string; status: string }[] };
  return items.at(-1)?.role === "assistant" && items.every(({ status }) => status === "completed");
}
