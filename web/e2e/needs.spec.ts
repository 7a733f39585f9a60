import type { Page } from "@playwright/test";
import { expect, START, test, type Muster } from "./stack";

const main = (page: Page) => page.getByRole("main");
const quiet = (page: Page) => main(page).getByText("Nothing needs you right now.");
const rail = (page: Page) => page.getByRole("navigation", { name: "Machines and sessions" });

/** Two workers ask to join, and the start page tells so. */
async function twoWorkersAsk(page: Page, muster: Muster) {
  await muster.signUp();
  await muster.addMachine("laptop");
  for (const name of ["orchard", "meadow"]) {
    const token = await muster.newToken(name);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
    await muster.startWorker(token);
  }
  await page.goto("/app");
  const all = main(page).getByRole("group", { name: "2 workers ask to join" });
  await expect(all).toBeVisible({ timeout: START });
  return all;
}

/** Two sessions wait for a permission. Answers with where they are. */
async function twoPermissionsWait(page: Page, muster: Muster): Promise<string[]> {
  const asks = async () => {
    await muster.send("ask");
    await expect(page).toHaveURL(/session=/);
    await expect(page.getByRole("log").getByRole("region", { name: /^Permission/ })).toBeVisible();
    return page.url();
  };
  await muster.readyToChat();
  const first = await asks();
  await rail(page).getByRole("button", { name: "New session on orchard" }).click();
  await expect(main(page).getByText("What should orchard work on?")).toBeVisible();
  const second = await asks();
  await page.goto("/app");
  return [first, second];
}

const permissions = (page: Page) =>
  main(page).getByRole("group", { name: "2 permissions are asked for" });

test("several workers that ask to join are approved at once", async ({ page, muster }) => {
  test.slow();
  const all = await twoWorkersAsk(page, muster);
  await all.getByRole("button", { name: "Approve all" }).click();
  await expect(quiet(page)).toBeVisible();
  await expect(rail(page).getByText("2 online, 0 offline")).toBeAttached({ timeout: START });
});

test("several workers that ask to join are turned away at once, after asking", async ({
  page,
  muster,
}) => {
  test.slow();
  const all = await twoWorkersAsk(page, muster);
  await all.getByRole("button", { name: "Reject all" }).click();
  const sure = page.getByRole("alertdialog", { name: "Reject 2 workers?" });
  await sure.getByRole("button", { name: "Cancel" }).click();
  await expect(sure).toBeHidden();
  await expect(main(page).getByRole("article", { name: /A worker asks to join/ })).toHaveCount(2);
  await all.getByRole("button", { name: "Reject all" }).click();
  await sure.getByRole("button", { name: "Reject all" }).click();
  await expect(quiet(page)).toBeVisible();
  await expect(rail(page).getByText("No worker yet")).toBeVisible();
});

test("several permissions are allowed once at once; what fails says so and waits on", async ({
  page,
  muster,
}) => {
  const sessions = await twoPermissionsWait(page, muster);
  let refused = 0;
  await page.route(/\/api\/v1\/sessions\/[^/]+\/requests\/[^/]+$/, (route) =>
    refused++ === 0 ? route.fulfill({ status: 503, body: "" }) : route.continue(),
  );
  await permissions(page).getByRole("button", { name: "Allow all once" }).click();
  await expect(main(page).getByRole("alert")).toContainText("1 could not be decided");
  const card = main(page).getByRole("region", { name: /^Permission/ });
  await expect(card).toHaveCount(1);
  await card.getByRole("button", { name: "Allow once" }).click();
  await expect(quiet(page)).toBeVisible();
  for (const session of sessions) {
    await page.goto(session);
    await expect(muster.reply).toContainText("You allowed it once.");
  }
});

test("the keyboard goes on from the card after the one that was answered", async ({
  page,
  muster,
}) => {
  await twoPermissionsWait(page, muster);
  const cards = main(page).getByRole("region", { name: /^Permission/ });
  await expect(cards).toHaveCount(2);
  await cards.first().getByRole("button", { name: "Allow once" }).focus();
  await page.keyboard.press("Enter");
  await expect(cards).toHaveCount(1);
  await expect(cards).toBeFocused();
  await cards.getByRole("button", { name: "Allow once" }).focus();
  await page.keyboard.press("Enter");
  await expect(quiet(page)).toBeFocused();
});

test("several permissions are rejected at once, after asking", async ({ page, muster }) => {
  const sessions = await twoPermissionsWait(page, muster);
  await permissions(page).getByRole("button", { name: "Reject all" }).click();
  await page
    .getByRole("alertdialog", { name: "Reject 2 permissions?" })
    .getByRole("button", { name: "Reject all" })
    .click();
  await expect(quiet(page)).toBeVisible();
  for (const session of sessions) {
    await page.goto(session);
    await expect(muster.reply).toContainText("You rejected it.");
  }
});

test("after a reload, what waits is waited for, and what was answered says so", async ({
  page,
  muster,
}) => {
  test.slow();
  await muster.readyToChat();
  await muster.send("ask");
  const permission = page.getByRole("log").getByRole("region", { name: /^Permission/ });
  await expect(permission).toBeVisible();
  await page.reload();
  await expect(permission.getByRole("button", { name: "Allow once" })).toBeVisible();
  await expect(muster.reply.getByText("Waiting for your answer")).toBeVisible();
  await permission.getByRole("button", { name: "Allow once" }).click();
  const answered = permission.getByText("Answered by you: Allow once");
  await expect(answered).toBeVisible();
  await page.reload();
  await expect(answered).toBeVisible();
});
