import type { Page } from "@playwright/test";
import { say } from "../e2e/history";
import { expect, test } from "../e2e/stack";
import { median, report } from "./figure";

const TURNS = 500;
const CARDS = 200;
const CARDS_AT_ONCE = 5;
const RUNS = 5;
const NEWEST = "That is the newest word.";

/** 1,000 messages: every so often a reply with tool cards, else Markdown of different lengths. */
const contents = Array.from({ length: TURNS - 2 }, (_, turn) =>
  turn % (TURNS / (CARDS / CARDS_AT_ONCE)) < 1
    ? `tools ${CARDS_AT_ONCE}`
    : `write ${30 + ((turn * 37) % 120)} every 0ms`,
);

/** From the click to a frame that shows the newest text, in ms. */
const open = (page: Page, title: string) =>
  page.evaluate(
    ([title, newest]) =>
      new Promise<number>((resolve) => {
        const row = [...document.querySelectorAll("nav button")].find((button) =>
          button.textContent.includes(title),
        );
        if (!(row instanceof HTMLElement)) throw new Error("the session is not in the rail");
        const isShown = () => {
          const replies = [...document.querySelectorAll("[role=log] article")];
          const last = replies.findLast((reply) => reply.textContent.includes(newest));
          const box = last?.getBoundingClientRect();
          return box !== undefined && box.top < innerHeight && box.bottom > 0;
        };
        const begun = performance.now();
        row.click();
        const look = () =>
          requestAnimationFrame(() => (isShown() ? resolve(performance.now() - begun) : look()));
        look();
      }),
    [title, NEWEST] as const,
  );

/** The tasks of more than 50 ms while the wheel turns from here to the other end, in ms. */
async function longTasksWhileScrolling(page: Page, direction: -1 | 1): Promise<number[]> {
  await page.evaluate(() => {
    const scope = window as unknown as { longTasks: number[] };
    scope.longTasks = [];
    const note = (list: PerformanceObserverEntryList) =>
      scope.longTasks.push(...list.getEntries().map(({ duration }) => duration));
    new PerformanceObserver(note).observe({ type: "longtask" });
  });
  const log = page.getByRole("log");
  await log.hover();
  const isThere = (end: number) =>
    log.evaluate((el, end) => {
      const left = end < 0 ? el.scrollTop : el.scrollHeight - el.clientHeight - el.scrollTop;
      return left <= 2 && !el.textContent.includes("Loading earlier messages");
    }, end);
  for (let still = 0; still < 5; still = (await isThere(direction)) ? still + 1 : 0) {
    for (let turn = 0; turn < 10; turn += 1) await page.mouse.wheel(0, direction * 400);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  return page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
}

test("a session of 1,000 messages with 200 tool cards", async ({ page, muster }, info) => {
  await muster.readyToChat();
  await muster.send("echo A long history");
  await expect(muster.reply).toContainText("A long history");
  await say(page, contents);
  await say(page, [`echo ${NEWEST}`]);

  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await page.goto("/app");
    await expect(page.getByText("Live")).toBeAttached();
    await expect(page.getByRole("navigation").getByText("A long history")).toBeVisible();
    times.push(await open(page, "A long history"));
  }
  console.log(`opened in ${times.map(Math.round).join(", ")} ms`);
  report(info, {
    name: "a session of 1,000 messages opens (median of 5)",
    value: Math.round(median(times)),
    unit: "ms",
    limit: { most: 300 },
  });

  for (const [way, direction] of [
    ["up", -1],
    ["down", 1],
  ] as const) {
    const tasks = await longTasksWhileScrolling(page, direction);
    console.log(`long tasks on the way ${way}: ${tasks.map(Math.round).join(", ") || "none"}`);
    report(info, {
      name: `longest task over 50 ms while it scrolls ${way}`,
      value: Math.round(Math.max(0, ...tasks)),
      unit: "ms",
      limit: { most: 50 },
    });
  }
});
