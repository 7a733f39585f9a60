import type { Page } from "@playwright/test";
import { nanoid } from "nanoid";
import { SilentProxy } from "./silent-proxy";
import { expect, test } from "./stack";

const TABS = 10;
const NUMBERS = 400;
/** What a browser opens to one server at most, over HTTP/1.1. */
const MOST_CONNECTIONS = 6;

const numbers = Array.from({ length: NUMBERS }, (_, i) => i + 1).join(" ");
const reply = (page: Page) => page.getByRole("article", { name: "Agent" }).last();

test("ten tabs on ten sessions are all live, and stay so when the first is closed", async ({
  browser,
  baseURL,
  muster,
}) => {
  test.setTimeout(180_000);
  const proxy = await SilentProxy.start(baseURL ?? "");
  const context = await browser.newContext({ baseURL: proxy.url, locale: "en-GB" });
  const first = await context.newPage();
  const behind = muster.as(first);
  await behind.readyToChat();
  await behind.send("echo the first session");
  await expect(behind.reply).toContainText("the first session");
  // Not through the proxy, which counts the browser's connections: these have their own, and keep them.
  const { origin } = new URL(baseURL ?? "");
  const ask = async <T>(path: string, data: object) => {
    const answer = await first.request.post(`${origin}/api/v1${path}`, {
      data,
      headers: { origin },
    });
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()) as T;
  };
  const known = (await (await first.request.get(`${origin}/api/v1/sessions`)).json()) as {
    items: { chatSessionId: string; workerId: string; model: string }[];
  };
  const [original] = known.items;
  if (original === undefined) throw new Error("there is no session");
  const { workerId, model } = original;
  const others = await Promise.all(
    Array.from({ length: TABS - 1 }, () =>
      ask<{ chatSessionId: string }>(`/workers/${workerId}/sessions`, { model }),
    ),
  );
  const ids = [original, ...others].map(({ chatSessionId }) => chatSessionId);
  const tabs = [first];
  for (const id of ids.slice(1)) {
    const tab = await context.newPage();
    await tab.goto(`/app?session=${id}`);
    tabs.push(tab);
  }
  for (const tab of tabs) await expect(tab.getByText("Live", { exact: true })).toBeAttached();
  for (const id of ids)
    await ask(`/sessions/${id}/messages`, {
      messageId: nanoid(),
      content: `count ${NUMBERS} every 50ms`,
    });
  for (const tab of tabs) await expect(reply(tab)).toContainText("10");
  expect(proxy.connections).toBeLessThanOrEqual(MOST_CONNECTIONS);
  await first.close();
  for (const tab of tabs.slice(1)) {
    await expect(reply(tab).getByRole("img", { name: /every piece arrived/ })).toBeVisible({
      timeout: 60_000,
    });
    await expect(reply(tab).locator(".prose")).toHaveText(numbers, { useInnerText: true });
  }
  await behind.stopWorkers();
  await context.close();
  await proxy.stop();
});

test("two tabs on one session show the same in the middle of a reply, and at its end", async ({
  page,
  context,
  muster,
}) => {
  test.setTimeout(180_000);
  await muster.readyToChat();
  await muster.send(`count ${NUMBERS} every 50ms`);
  await expect(reply(page)).toContainText("20");
  const late = await context.newPage();
  await late.goto(page.url());
  // What came before it was there, too.
  await expect(reply(late)).toContainText("1 2 3");
  const words = async (tab: Page) => reply(tab).locator(".prose").innerText();
  const [here, there] = await Promise.all([words(page), words(late)]);
  expect(numbers.startsWith(here.trim()), here).toBe(true);
  expect(numbers.startsWith(there.trim()), there).toBe(true);
  expect(here.length, "it is not over").toBeLessThan(numbers.length);
  // What one has seen by now, the other has a moment later.
  await expect(reply(page)).toContainText(there.trim());
  await expect(reply(late)).toContainText(here.trim());
  for (const tab of [page, late]) {
    await expect(reply(tab).getByRole("img", { name: /every piece arrived/ })).toBeVisible({
      timeout: 60_000,
    });
    await expect(reply(tab).locator(".prose")).toHaveText(numbers, { useInnerText: true });
  }
});
