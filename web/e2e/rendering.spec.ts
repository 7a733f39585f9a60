import type { Page } from "@playwright/test";
import { expect, test, type Muster } from "./stack";

const FENCE = "```";

/** By how much the page is wider than what is seen of it. */
const wider = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function say(muster: Muster, markdown: string): Promise<void> {
  await muster.send(`echo ${markdown}`);
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
}

test("a diagram is drawn, shows its source when asked, and is left to it when it cannot be drawn", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await say(muster, `${FENCE}mermaid\ngraph TD\n  Plum --> Jam\n${FENCE}`);
  const drawn = muster.reply.getByRole("img", { name: "Diagram" });
  await expect(drawn).toBeVisible();
  // Drawn, not a broken picture.
  expect(await drawn.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(20);
  await expect(muster.reply.getByText("Plum --> Jam")).toBeHidden();
  await muster.reply.getByRole("button", { name: "Show the source" }).click();
  await expect(muster.reply.getByText("Plum --> Jam")).toBeVisible();
  await expect(drawn).toBeHidden();

  await say(muster, `${FENCE}mermaid\ngraph TD\n  Plum --> ??? Jam\n${FENCE}`);
  await expect(muster.reply.getByText("Plum --> ??? Jam")).toBeVisible();
  await expect(muster.reply.getByRole("img", { name: "Diagram" })).toHaveCount(0);
  // Mermaid draws its own complaint beside the page, if it may.
  await expect(page.getByText("Syntax error")).toHaveCount(0);
});

test("a formula is set as one, and what is written from right to left stands on the right", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await say(muster, "$$\\frac{plum}{jam}$$\n\nשלום לכולם\n\nhello");
  const letters = muster.reply.locator(".katex-html .mord.mathnormal");
  await expect(letters.first()).toBeVisible();
  const top = async (letter: string) =>
    (await letters.filter({ hasText: letter }).first().boundingBox())?.y ?? NaN;
  expect(await top("p"), "one above the other").toBeLessThan(await top("j"));
  const fonts = () => page.evaluate(() => document.fonts.check("1rem KaTeX_Math"));
  await expect.poll(fonts).toBe(true);

  /** Where the words of a paragraph begin and end, within it. */
  const ends = (words: string) =>
    muster.reply.locator("p", { hasText: words }).evaluate((paragraph) => {
      const range = document.createRange();
      range.selectNodeContents(paragraph);
      const [inside, around] = [range.getBoundingClientRect(), paragraph.getBoundingClientRect()];
      return { left: inside.left - around.left, right: around.right - inside.right };
    });
  expect(await ends("שלום לכולם")).toMatchObject({ right: 0 });
  expect(await ends("hello")).toMatchObject({ left: 0 });
});

test("code is coloured by its language, copied as it is, and wrapped when asked", async ({
  page,
  context,
  muster,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await muster.readyToChat();
  const code = `const plums: string[] = ["${"ripe ".repeat(60)}"]; // all of them\n\tplums.pop();`;
  await say(muster, `${FENCE}ts\n${code}\n${FENCE}`);
  const block = muster.reply.getByRole("figure");
  const token = (text: string) => block.locator(".code-token", { hasText: text }).first();
  const colour = (text: string) => token(text).evaluate((el) => getComputedStyle(el).color);
  await expect(token("const")).toBeVisible();
  expect(await colour("const")).not.toBe(await colour("all of them"));
  await expect(block.locator("code")).toHaveText(code, { useInnerText: true });

  await block.getByRole("button", { name: "Copy code" }).click();
  await expect(block.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(code);

  const lines = block.locator("pre");
  const hidden = () => lines.evaluate((el) => el.scrollWidth - el.clientWidth);
  expect(await hidden()).toBeGreaterThan(0);
  expect(await wider(page)).toBe(0);
  const wrap = block.getByRole("button", { name: "Wrap lines" });
  await wrap.click();
  await expect.poll(hidden).toBe(0);
  await block.getByRole("button", { name: "Do not wrap lines" }).click();
  await expect.poll(hidden).toBeGreaterThan(0);
});

test("a reply that is one line of ten megabytes leaves the page free, and fits", async ({
  page,
  muster,
}) => {
  test.slow();
  await muster.readyToChat();
  await say(muster, "a short one");
  const line = "plums ".repeat(1_700_000);
  await page.route(/\/messages\?/, async (route) => {
    const response = await route.fetch();
    const page = (await response.json()) as {
      items: { role: string; parts: { text: string }[] }[];
    };
    for (const { role, parts } of page.items)
      if (role === "assistant" && parts[0] !== undefined) parts[0].text = line;
    await route.fulfill({ response, json: page });
  });
  await page.reload();
  // All of it goes through the test first.
  await expect(muster.reply).toContainText("plums plums", { timeout: 60_000 });
  // How long it takes until something that is typed is seen.
  const begun = Date.now();
  await muster.composer.fill("still there?");
  await expect(muster.composer).toHaveValue("still there?");
  expect(Date.now() - begun).toBeLessThan(1_000);
  expect(await wider(page)).toBe(0);
});
