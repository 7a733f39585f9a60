import type { Page } from "@playwright/test";
import { SilentProxy } from "./silent-proxy";
import { expect, test, type Muster } from "./stack";

/** How long there is no network, in ms. */
const OUTAGE = 60_000;
/** A connection that died without a sign is noticed after so long at most. */
const AT_MOST = 45_000;
/** More than a page on a busy machine needs to say what is not sent, and to be back (15 s between two tries). */
const NOTICED = 120_000;
const BACK = 120_000;
/** What is counted to: the reply begins before the outage and ends after it. */
const NUMBERS = 1_000;

const numbers = Array.from({ length: NUMBERS }, (_, i) => i + 1).join(" ");
const mark = (page: Page) =>
  page.getByRole("status").filter({ hasText: /^(Live|Connecting|Catching up|Offline)/ });

test.describe.configure({ mode: "parallel", timeout: 480_000 });

/** No network in the middle of a reply: one reads, writes and sends on, and afterwards nothing is missing. */
async function outage(page: Page, muster: Muster, cut: () => unknown, mend: () => unknown) {
  await muster.send(`count ${NUMBERS} every 100ms`);
  await expect(muster.reply).toContainText("20");
  await cut();
  const begun = Date.now();
  await expect(mark(page)).toHaveText(/^(Catching up|Offline)/, { timeout: AT_MOST });
  await expect(muster.reply, "what is there can be read").toContainText("20");
  await muster.composer.pressSequentially("echo while there was nothing");
  await muster.composer.press("Enter");
  await expect(muster.composer).toHaveValue("");
  await muster.send("echo and then some more");
  await expect(page.getByText("Will be sent when the connection is back")).toHaveCount(2, {
    timeout: NOTICED,
  });
  await expect(mark(page)).toHaveText(/^Offline since/, { timeout: NOTICED });
  await muster.composer.fill("half a thought");
  await expect.poll(() => Date.now() - begun, { timeout: 2 * OUTAGE }).toBeGreaterThan(OUTAGE);
  await mend();
  await expect(mark(page)).toHaveText(/^Live/, { timeout: BACK });
  const replies = page.getByRole("article", { name: "Agent" });
  await expect(replies).toHaveCount(3, { timeout: BACK + NUMBERS * 100 });
  await expect(replies.first().locator(".prose")).toHaveText(numbers, { useInnerText: true });
  for (const reply of await replies.all())
    await expect(reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await expect(replies.nth(1)).toContainText("while there was nothing");
  await expect(replies.nth(2)).toContainText("and then some more");
  await expect(muster.composer).toHaveValue("half a thought");
}

test("a minute without a network in the middle of a reply", async ({ page, context, muster }) => {
  // Chromium takes the network from pages and not from what they share, so this page has all to itself.
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, "SharedWorker"));
  await muster.readyToChat();
  await outage(
    page,
    muster,
    () => context.setOffline(true),
    () => context.setOffline(false),
  );
});

test("a minute of a network that takes everything and answers nothing", async ({
  browser,
  baseURL,
  muster,
}) => {
  const proxy = await SilentProxy.start(baseURL ?? "");
  const context = await browser.newContext({ baseURL: proxy.url, locale: "en-GB" });
  const page = await context.newPage();
  const behind = muster.as(page);
  await behind.readyToChat();
  await outage(
    page,
    behind,
    () => proxy.goSilent(),
    () => proxy.comeBack(),
  );
  await behind.stopWorkers();
  await context.close();
  await proxy.stop();
});
