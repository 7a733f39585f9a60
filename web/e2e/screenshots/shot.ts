import type { Page } from "@playwright/test";
import { expect } from "../stack";

/** The page at rest: with its fonts, connected, nothing pointed at, and without passing notices. */
export async function shot(page: Page, path: string): Promise<void> {
  await expect(page.locator("[data-sonner-toast]")).toHaveCount(0);
  await expect(page.getByText("Connecting")).toHaveCount(0);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path, animations: "disabled" });
}
