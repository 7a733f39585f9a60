import type { Locator, Page } from "@playwright/test";
import { expect, test, type Muster } from "./stack";

const sizes = { 1440: { width: 1440, height: 900 }, 390: { width: 390, height: 844 } };

/** What differs from one time to the next: names, ages, durations, and how the machine is called. */
const passing = (page: Page, name: string): Locator[] => [
  page.getByText(name, { exact: true }),
  page.locator("time, [data-passing]"),
  page.getByText(/\b(ago|just now|today|yesterday)\b/i),
  page.getByText(/\d:\d\d/),
  page.getByText(/^\d+\.\d s$/),
];

/** One screen in both themes, at both widths, without anything that passes by. */
async function look(page: Page, screen: string, mask: Locator[]): Promise<void> {
  await expect(page.locator("[data-sonner-toast]")).toHaveCount(0);
  await expect(page.getByText("Connecting")).toHaveCount(0);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [width, size] of Object.entries(sizes)) {
      await page.setViewportSize(size);
      await page.mouse.move(0, 0);
      await page.evaluate(() => document.fonts.ready);
      await expect.soft(page).toHaveScreenshot(`${screen}-${width}-${colorScheme}.png`, { mask });
    }
  }
  await page.setViewportSize(sizes[1440]);
}

const whole = (muster: Muster) =>
  expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible({
    timeout: 30_000,
  });

test("the main screens look as they did", async ({ page, muster }) => {
  test.setTimeout(240_000);
  await page.setViewportSize(sizes[1440]);
  await page.goto("/login");
  await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: "Create" })).toBeVisible();
  await look(page, "login", []);
  const name = await muster.signUp();
  const mask = passing(page, name);
  await expect(page.getByRole("heading", { name: /first machine/ })).toBeVisible();
  await look(page, "empty", mask);
  await muster.addMachine("laptop");
  await muster.approveWorker();
  await muster.send("tool");
  await whole(muster);
  await look(page, "session", mask);
  await page
    .getByRole("navigation")
    .getByRole("button", { name: /^online laptop/ })
    .click();
  await expect(page.getByRole("heading", { name: "laptop", exact: true })).toBeVisible();
  await look(page, "machine", mask);
  await page.goto("/settings");
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await look(page, "settings", mask);
  await page.goBack();
  await page.getByRole("navigation").locator("[data-session]").first().click();
  await muster.send("ask");
  await expect(page.getByRole("log").getByRole("region", { name: /^Permission/ })).toBeVisible();
  await page.goto("/app");
  await expect(page.getByRole("heading", { name: "1 thing needs you" })).toBeVisible();
  await look(page, "needs-you", mask);
});
