import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./stack";

test.use({ contextOptions: { forcedColors: "active", reducedMotion: "reduce" } });

/** What moves on and on, or moves at all for longer than a blink. */
const moving = (page: Page) =>
  page.evaluate(() =>
    document.getAnimations().flatMap((animation) => {
      const { iterations = 1, duration } = animation.effect?.getComputedTiming() ?? {};
      const isLong = iterations > 1 || Number(duration) > 1;
      return animation.playState === "running" && isLong ? [animation.constructor.name] : [];
    }),
  );

/** What is focused and does not show it, after so many steps of the Tab key. */
async function unseenFocus(page: Page, steps: number): Promise<string[]> {
  const unseen: string[] = [];
  for (let step = 0; step < steps; step += 1) {
    await page.keyboard.press("Tab");
    const hidden = await page.evaluate(() => {
      const focused = document.activeElement;
      // From the last one it goes on to the browser itself.
      if (focused === null || focused === document.body || !focused.matches(":focus")) return null;
      // A field may leave it to the box that it is in.
      for (let el: Element | null = focused; el !== null; el = el.parentElement) {
        const { outlineStyle, outlineWidth } = getComputedStyle(el);
        if (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) return null;
        if (!el.matches(":focus-within")) break;
      }
      return focused.outerHTML.slice(0, 200);
    });
    if (hidden !== null) unseen.push(hidden);
  }
  return unseen;
}

test("with the colours of the system and without motion, all is there and can be used", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  // Longer than any page takes to show it.
  await muster.send("tool for 60000ms");
  await expect(muster.reply.getByText("running")).toBeVisible();
  expect(await moving(page)).toEqual([]);
  await page.getByRole("button", { name: "Stop “tool for 60000ms”" }).click();
  await expect(muster.reply.getByText("You stopped this reply.")).toBeVisible();
  await muster.send("tool");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  expect(await unseenFocus(page, 25)).toEqual([]);
  await muster.send("question");
  const question = page.getByRole("log").getByRole("region", { name: /^Question/ });
  const [first, second] = [question.getByRole("radio").first(), question.getByRole("radio").nth(1)];
  await first.check();
  const looks = async () =>
    Promise.all(
      [first, second].map(async (radio) => (await radio.screenshot()).toString("base64")),
    );
  const [chosen, other] = await looks();
  expect(chosen, "the chosen one looks different").not.toEqual(other);
  const edge = (of: Locator) =>
    of.evaluate((el) => {
      const { borderTopWidth, outlineStyle, outlineWidth } = getComputedStyle(el);
      return parseFloat(borderTopWidth) + (outlineStyle === "none" ? 0 : parseFloat(outlineWidth));
    });
  expect(await edge(question.getByRole("button", { name: "Answer" }))).toBeGreaterThan(0);
  expect(await edge(page.getByRole("navigation").locator("[aria-current]"))).toBeGreaterThan(0);
  const look = (selector: string) =>
    page.evaluate((selector) => {
      const el = document.querySelector(selector);
      return el === null ? "" : getComputedStyle(el).forcedColorAdjust;
    }, selector);
  expect(await look("[data-dot]"), "a dot keeps the colour that it means").toBe("none");
});
