import type { Locator, Page } from "@playwright/test";
import { say } from "./history";
import { expect, test } from "./stack";

/** Counting to 300 takes 18 s, and longer where there is much else to do. */
const COUNTED = 60_000;

const log = (page: Page) => page.getByRole("log");
const toEnd = (page: Page) =>
  page.getByRole("button", { name: "New messages below, go to the end" });

/** How far the newest is below the lower edge of what is seen. */
const left = (page: Page) =>
  log(page).evaluate((el) => Math.round(el.scrollHeight - el.clientHeight - el.scrollTop));

const top = async (element: Locator) => (await element.boundingBox())?.y;

/** Up by the wheel, where there is a way up; comes back when the page has moved, which is later than the wheel has. */
async function wheel(page: Page, by: number): Promise<void> {
  const at = () => log(page).evaluate((el) => el.scrollTop);
  await log(page).hover();
  const before = await at();
  await page.mouse.wheel(0, by);
  if (before > 0) await expect.poll(at).not.toBe(before);
}

test.use({ viewport: { width: 1440, height: 900 } });

test("whoever writes on and then answers sees the next request without scrolling", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("a first look");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await muster.send("ask");
  const permission = log(page).getByRole("region", { name: /^Permission/ });
  await expect(permission).toBeVisible();
  await muster.send("question");
  await expect(page.getByRole("region", { name: "1 message waits" })).toBeVisible();
  await permission.getByRole("button", { name: "Allow once" }).click();
  const answer = log(page)
    .getByRole("region", { name: /^Question/ })
    .getByRole("button", { name: "Answer" });
  await expect(answer).toBeInViewport({ ratio: 1 });
  await expect.poll(() => left(page)).toBe(0);
  await expect(toEnd(page)).toBeHidden();
});

test("an answer given from further up leads back to the end", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.send("a first look");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await muster.send("ask");
  const permission = log(page).getByRole("region", { name: /^Permission/ });
  await expect(permission).toBeVisible();
  await wheel(page, -60);
  await expect(toEnd(page)).toBeVisible();
  await permission.getByRole("button", { name: "Allow once" }).press("Enter");
  await expect(muster.reply).toContainText("You allowed it once.");
  await expect.poll(() => left(page)).toBe(0);
});

test("the end stays in view while a reply grows, the queue fills and the composer takes room", async ({
  page,
  muster,
}) => {
  test.slow();
  await muster.readyToChat();
  await muster.send("a first look");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  // Slow enough to go on until both others wait.
  await muster.send("count 300 every 60ms");
  await expect(muster.reply).toContainText("20");
  await muster.send("echo one");
  await expect(page.getByRole("region", { name: "1 message waits" })).toBeVisible();
  await muster.send("echo two");
  await muster.composer.fill("a\nlong\nthought\nof\nmany\nlines");
  await expect(page.getByRole("region", { name: "2 messages wait" })).toBeVisible();
  await expect.poll(() => left(page)).toBe(0);
  await expect(muster.reply).toContainText("two", { timeout: COUNTED });
  await expect.poll(() => left(page)).toBe(0);
});

test("text that is being read does not move while the reply grows below it", async ({
  page,
  muster,
}) => {
  test.slow();
  await muster.readyToChat();
  await muster.send("a first look");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await muster.send("count 300 every 60ms");
  await expect(muster.reply).toContainText("20");
  const read = log(page).getByRole("heading", { name: "Code keeps its shape" });
  await wheel(page, -40);
  await expect(toEnd(page)).toBeVisible();
  await expect(read).toBeInViewport();
  const before = await top(read);
  await expect(muster.reply).toContainText("300", { timeout: COUNTED });
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeAttached();
  expect(await top(read)).toBe(before);
  await toEnd(page).click();
  await expect.poll(() => left(page)).toBe(0);
});

test("a reload comes back to what was being read, and to the end from the end", async ({
  page,
  muster,
}) => {
  const whole = muster.reply.getByRole("img", { name: /every piece arrived/ });
  await muster.readyToChat();
  await muster.send("a first look");
  await expect(whole).toBeVisible();
  await muster.send("count 600 every 1ms");
  await expect(muster.reply).toContainText("600");
  await expect(whole).toBeVisible();
  const read = log(page).getByRole("heading", { name: "Code keeps its shape" });
  await expect(async () => {
    await wheel(page, -200);
    await expect(read).toBeInViewport({ timeout: 500 });
  }).toPass({ timeout: 30_000 });
  const kept = () =>
    page.evaluate(() => Object.keys(sessionStorage).some((key) => key.startsWith("muster.place.")));
  await expect.poll(kept).toBe(true);
  const before = (await top(read)) ?? 0;

  await page.reload();
  await expect(read).toBeInViewport();
  await expect.poll(async () => Math.abs(((await top(read)) ?? 0) - before)).toBeLessThanOrEqual(2);
  await expect(toEnd(page)).toBeVisible();

  await toEnd(page).click();
  await expect.poll(() => left(page)).toBe(0);
  await expect.poll(kept).toBe(false);
  await page.reload();
  await expect(whole).toBeInViewport();
  await expect.poll(() => left(page)).toBe(0);
  await expect(toEnd(page)).toBeHidden();
});

test("however long a session is, only what is near is on the page", async ({ page, muster }) => {
  test.slow();
  const rows = log(page).locator("[data-index]");
  await muster.readyToChat();
  await muster.send("echo the beginning");
  await expect(muster.reply).toContainText("the beginning");
  await say(page, Array<string>(60).fill("tools 5"));
  await page.reload();
  await expect(muster.reply).toContainText("The tools are done.");
  expect(await rows.count()).toBeLessThan(30);
  const beginning = log(page).getByText("echo the beginning");
  await expect(async () => {
    await wheel(page, -2_000);
    expect(await rows.count()).toBeLessThan(30);
    await expect(beginning).toBeVisible({ timeout: 50 });
  }).toPass({ timeout: 30_000 });
});

for (const reducedMotion of ["no-preference", "reduce"] as const)
  test.describe(`with motion: ${reducedMotion}`, () => {
    test.use({ contextOptions: { reducedMotion } });

    test("the end stays in view, message after message, whatever their height", async ({
      page,
      muster,
    }) => {
      await page.setViewportSize({ width: 390, height: 844 });
      await muster.readyToChat();
      await muster.send("a first look");
      await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
      await muster.send("tool");
      await expect(muster.reply).toContainText("changed one line");
      await muster.reply.getByRole("button", { name: /^bash/ }).click();
      await expect(muster.reply.getByText("Output")).toBeInViewport();
      for (const n of [1, 2, 3, 4, 5, 6]) {
        await muster.send("fail");
        await expect(muster.reply).toContainText("demo failure");
        await muster.send(`echo ${n}`);
        await expect(muster.reply.locator(".prose")).toHaveText(String(n));
        await expect(muster.reply).toBeInViewport({ ratio: 1 });
        await expect(toEnd(page)).toBeHidden();
      }
      await expect.poll(() => left(page)).toBe(0);
    });
  });

test("nothing shifts beside the reply that is streaming", async ({ page, muster }) => {
  test.slow();
  await muster.readyToChat();
  await muster.send("a first look");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await muster.send("write 300 every 20ms");
  await expect(page.getByRole("article", { name: "Agent" })).toHaveCount(2);
  await page.evaluate(() => {
    const shifted: string[] = [];
    Object.assign(window, { shifted });
    const growing = [...document.querySelectorAll("article")].at(-1);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        sources: { node: Node | null }[];
      })[])
        for (const { node } of entry.sources)
          if (!growing?.contains(node)) shifted.push(node?.textContent ?? "what is gone");
    }).observe({ type: "layout-shift" });
  });
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible({
    timeout: COUNTED,
  });
  const shifted = () => page.evaluate(() => (window as unknown as { shifted: string[] }).shifted);
  expect(await shifted()).toEqual([]);
  // And what does shift is seen.
  await page.evaluate(() => document.querySelector("main header")?.prepend("a ".repeat(20)));
  await expect.poll(shifted).not.toEqual([]);
});
