import { expect, test } from "./stack";

test("what was done is in the log, by kind, for one machine, and as a file", async ({
  page,
  muster,
}) => {
  const name = await muster.signUp();
  await muster.addMachine("desk");
  await muster.addMachine("laptop");
  await page.goto("/settings");
  await page.getByRole("link", { name: "Show the activity" }).click();
  const entries = page.getByRole("listitem");
  await expect(entries.filter({ hasText: "Registered the machine desk" })).toContainText(name);
  await expect(entries.filter({ hasText: "Made the account" })).toBeVisible();

  await page.getByRole("button", { name: "Everything" }).click();
  await page.getByRole("menuitem", { name: "Machines" }).click();
  await expect(entries).toHaveCount(2);
  await page.reload();
  await expect(entries).toHaveCount(2);

  const file = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export CSV" }).click();
  expect((await file).suggestedFilename()).toBe("muster-audit.csv");

  await page.goto("/app");
  await page.getByRole("button", { name: "Menu of desk" }).first().click();
  await page.getByRole("menuitem", { name: "Activity" }).click();
  await expect(entries).toHaveCount(1);
  await expect(entries).toContainText("desk");
  await page.getByRole("button", { name: "One thing only" }).click();
  await expect(entries.filter({ hasText: "Signed in" })).toBeVisible();
});
