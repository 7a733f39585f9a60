import type { Locator } from "@playwright/test";
import { expect, test } from "./stack";

test.use({ viewport: { width: 390, height: 700 } });

/** Whether one lies over the other. */
async function covers(one: Locator, other: Locator): Promise<boolean> {
  const [a, b] = [await one.boundingBox(), await other.boundingBox()];
  if (a === null || b === null) throw new Error("only what is seen can be covered");
  const apart =
    a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
  return !apart;
}

test("a toast covers neither a dialog's buttons nor the composer, and goes by itself", async ({
  page,
  muster,
}) => {
  await muster.signUp();
  await muster.addMachine("laptop");
  const added = page.getByRole("listitem").filter({ hasText: "laptop was added" });
  await expect(added).toBeVisible();
  await page.getByRole("main").getByRole("button", { name: "Add worker" }).first().click();
  const dialog = page.getByRole("dialog");
  for (const button of await dialog.getByRole("button").all())
    expect(await covers(added, button)).toBe(false);
  await expect(added).toBeHidden();
  await dialog.getByLabel("Name").fill("orchard");
  await dialog.getByRole("button", { name: "Create token" }).click();
  const token = await dialog.getByText(/^machine_[\w-]{21}:worker_[\w-]{21}$/).textContent();
  await muster.startWorker(token ?? "");
  await dialog.getByRole("button", { name: "Approve" }).click({ timeout: 60_000 });
  await dialog.getByRole("button", { name: "Start a session" }).click({ timeout: 60_000 });
  const approved = page.getByRole("listitem").filter({ hasText: "orchard was approved" });
  await expect(muster.composer).toBeVisible();
  expect(await covers(approved, muster.composer)).toBe(false);
  await expect(approved).toBeHidden();
});

test("the approval comes into view and leaves the focus where it is", async ({ page, muster }) => {
  await muster.signUp();
  await muster.addMachine("laptop");
  const token = await muster.newToken("orchard");
  const dialog = page.getByRole("dialog");
  const copy = dialog.getByRole("button", { name: "Copy token" });
  await copy.focus();
  await muster.startWorker(token);
  const approve = dialog.getByRole("button", { name: "Approve" });
  await expect(approve).toBeInViewport({ ratio: 1, timeout: 60_000 });
  await expect(copy).toBeFocused();
});

test("the drawer tells of no keys that a phone has not", async ({ page, muster }) => {
  await muster.signUp();
  const hint = page.getByText("Ctrl K");
  await page.getByRole("button", { name: "Open machines and sessions" }).click();
  await expect(page.getByRole("navigation").getByText("Search or jump to")).toBeVisible();
  await expect(hint).toBeHidden();
  await page.setViewportSize({ width: 1440, height: 900 });
  await expect(hint).toBeVisible();
});
