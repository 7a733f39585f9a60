import type { Locator } from "@playwright/test";
import { expect, START, test } from "./stack";

test.use({ viewport: { width: 390, height: 700 } });

type Box = NonNullable<Awaited<ReturnType<Locator["boundingBox"]>>>;

/** Where a toast lies once it has slid in. To be asked before what brings it is done: it goes by itself. */
const placeOf = (toast: Locator): Promise<Box> =>
  toast.and(toast.page().locator("[data-mounted=true]")).evaluate(async (el) => {
    await Promise.allSettled(el.getAnimations().map(({ finished }) => finished));
    if (!el.isConnected) throw new Error("the toast has gone already");
    const { x, y, width, height } = el.getBoundingClientRect();
    return { x, y, width, height };
  });

/** Whether what lies there lies over the other. */
async function covers(a: Box, other: Locator): Promise<boolean> {
  const b = await other.boundingBox();
  if (b === null) throw new Error("only what is seen can be covered");
  const apart =
    a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
  return !apart;
}

test("a toast covers neither a dialog's buttons nor the composer, and goes by itself", async ({
  page,
  muster,
}) => {
  test.slow();
  await muster.signUp();
  const added = page.getByRole("listitem").filter({ hasText: "laptop was added" });
  const [addedAt] = await Promise.all([placeOf(added), muster.addMachine("laptop")]);
  await page.getByRole("main").getByRole("button", { name: "Add worker" }).first().click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Create token" })).toBeVisible();
  for (const button of await dialog.getByRole("button").all())
    expect(await covers(addedAt, button)).toBe(false);
  await expect(added).toBeHidden();
  await dialog.getByLabel("Name").fill("orchard");
  await dialog.getByRole("button", { name: "Create token" }).click();
  const token = await dialog.getByText(/^machine_[\w-]{21}:worker_[\w-]{21}$/).textContent();
  await muster.startWorker(token ?? "");
  const approved = page.getByRole("listitem").filter({ hasText: "orchard was approved" });
  const [approvedAt] = await Promise.all([
    placeOf(approved),
    dialog.getByRole("button", { name: "Approve" }).click({ timeout: START }),
  ]);
  await dialog.getByRole("button", { name: "Start a session" }).click({ timeout: START });
  await expect(muster.composer).toBeVisible();
  expect(await covers(approvedAt, muster.composer)).toBe(false);
  await expect(approved).toBeHidden();
});

test("the approval comes into view and leaves the focus where it is", async ({ page, muster }) => {
  test.slow();
  await muster.signUp();
  await muster.addMachine("laptop");
  const token = await muster.newToken("orchard");
  const dialog = page.getByRole("dialog");
  const copy = dialog.getByRole("button", { name: "Copy token" });
  await copy.focus();
  await muster.startWorker(token);
  const approve = dialog.getByRole("button", { name: "Approve" });
  await expect(approve).toBeInViewport({ ratio: 1, timeout: START });
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

test("with the drawer closed, its button says that something needs you", async ({
  page,
  muster,
}) => {
  test.slow();
  await muster.readyToChat();
  await muster.send("ask");
  const drawer = (name: string) => page.getByRole("button", { name, exact: true });
  await expect(drawer("Open machines and sessions. 1 thing needs you")).toBeVisible();
  const permission = page.getByRole("log").getByRole("region", { name: /^Permission/ });
  await permission.getByRole("button", { name: "Allow once" }).click();
  await expect(drawer("Open machines and sessions")).toBeVisible();
});
