import { expect, test } from "./stack";

test("a dialog that closes gives the focus back to what opened it", async ({ page, muster }) => {
  await muster.signUp();
  await muster.addMachine("laptop");
  const rail = page.getByRole("navigation");
  const main = page.getByRole("main");
  const dialog = page.locator("[role=dialog], [role=alertdialog]");
  for (const opener of [
    rail.getByRole("button", { name: "Search or jump to" }),
    rail.getByRole("button", { name: "Add machine" }),
    main.getByRole("button", { name: "Add worker" }).first(),
    main.getByRole("button", { name: "Delete machine" }),
  ]) {
    await opener.click();
    await expect(dialog).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await expect(opener).toBeFocused();
  }
  await page.goto("/settings");
  const newToken = page.getByRole("button", { name: "New token" });
  await newToken.click();
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(newToken).toBeFocused();
});

test("one that took the place of the drawer gives it back to the drawer's button", async ({
  page,
  muster,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await muster.signUp();
  const drawer = page.getByRole("button", { name: "Open machines and sessions" });
  await drawer.click();
  await page.getByRole("navigation").getByRole("button", { name: "Add machine" }).click();
  await expect(page.getByRole("dialog").getByLabel("Name")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(drawer).toBeFocused();
});

test("a dialog to read shows no tooltip over it", async ({ page, muster }) => {
  await muster.signUp();
  await expect(page.getByRole("main").getByRole("button", { name: "Add machine" })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeFocused();
  await expect(page.getByRole("tooltip")).toHaveCount(0);
});
