import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./stack";

async function check(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  expect(found).toEqual([]);
}

for (const colorScheme of ["light", "dark"] as const)
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme, reducedMotion: "reduce" });

    test.slow();

    test("login, empty state and settings pass axe", async ({ page, muster }) => {
      await page.goto("/login");
      await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
      await check(page);
      await muster.signUp();
      await check(page);
      await page.goto("/settings");
      await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
      await check(page);
      await page.goto("/activity");
      await expect(page.getByText("Made the account")).toBeVisible();
      await check(page);
    });

    test("sessions, details, inbox and palette pass axe", async ({ page, muster }) => {
      await muster.readyToChat();
      await check(page);
      await muster.send("tool");
      await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
      await check(page);
      await muster.send("ask");
      await expect(
        page.getByRole("log").getByRole("region", { name: /^Permission/ }),
      ).toBeVisible();
      await page.getByRole("button", { name: "Show details" }).click();
      await check(page);
      await page.goto("/app");
      await expect(page.getByRole("heading", { name: "1 thing needs you" })).toBeVisible();
      await check(page);
      await page.keyboard.press("Control+k");
      await expect(page.getByRole("dialog")).toBeVisible();
      await check(page);
    });
  });
