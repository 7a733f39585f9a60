import type { Locator, Page } from "@playwright/test";
import { expect, START, test } from "./stack";

/** Within this a graceful end, and one by force, are seen. */
const SEEN = 2_000;
/** Within this whoever is turned away is cut off; looked at so often that all of it counts. */
const CUT_OFF = { timeout: 1_000, intervals: [50] };

const rail = (page: Page) => page.getByRole("navigation", { name: "Machines and sessions" });
const machine = (page: Page, state: string) =>
  rail(page).getByRole("button", { name: new RegExp(`^${state} laptop`) });
const worker = (page: Page, state: string, name = "orchard") =>
  rail(page).getByRole("button", { name: `${state} ${name}`, exact: true });
const approve = (page: Page) =>
  page.getByRole("main").getByRole("button", { name: "Approve", exact: true });
const sessions = (page: Page) => rail(page).locator("[data-session]");

/** Turns a worker away, and comes back as soon as the server says that it has: then its time runs. */
async function turnAway(button: Locator): Promise<void> {
  await expect(button).toBeVisible({ timeout: START });
  const [answer] = await Promise.all([
    button
      .page()
      .waitForResponse(
        (response) =>
          response.url().includes("/api/v1/workers/") && response.request().method() !== "GET",
      ),
    button.click(),
  ]);
  expect(answer.ok()).toBe(true);
}

test("a machine's row counts its workers as they are added, approved, and come and go", async ({
  page,
  muster,
}) => {
  test.slow();
  const counts = (state: string, words: string) =>
    expect(machine(page, state).getByText(words, { exact: true })).toBeAttached({ timeout: START });
  await muster.signUp();
  await muster.addMachine("laptop");
  await counts("offline", "0 online, 0 offline");
  const token = await muster.newToken("orchard");
  await page.keyboard.press("Escape");
  await counts("offline", "0 online, 0 offline, 1 pending");
  const orchard = await muster.startWorker(token);
  await approve(page).click({ timeout: START });
  await counts("online", "1 online, 0 offline");
  await muster.newToken("meadow");
  await page.keyboard.press("Escape");
  await counts("online", "1 online, 0 offline, 1 pending");
  await orchard.stop();
  await counts("offline", "0 online, 1 offline, 1 pending");
});

test("a worker that stops, or is killed, is seen as offline within two seconds, and keeps its approval", async ({
  page,
  muster,
}) => {
  test.slow();
  const orchard = await muster.readyToChat();
  await expect(worker(page, "online")).toBeVisible();
  // A registry that has just started waits for half a minute before it says that anybody is away.
  await orchard.end();
  await expect(worker(page, "offline")).toBeVisible({ timeout: START });
  await orchard.restart();
  await expect(worker(page, "online")).toBeVisible({ timeout: START });
  for (const end of [() => orchard.end(), () => orchard.kill()]) {
    await end();
    await expect(worker(page, "offline")).toBeVisible({ timeout: SEEN });
    await expect(machine(page, "offline")).toBeVisible();
    await orchard.restart();
    await expect(worker(page, "online")).toBeVisible({ timeout: START });
    await expect(page.getByRole("region", { name: "Needs you" })).not.toContainText("orchard");
  }
  await muster.send("echo here again");
  await expect(muster.reply).toContainText("here again");
});

test("a worker that is rejected is cut off within a second, and its process ends", async ({
  page,
  muster,
}) => {
  test.slow();
  await muster.signUp();
  await muster.addMachine("laptop");
  const orchard = await muster.startWorker(await muster.newToken("orchard"));
  await turnAway(page.getByRole("dialog").getByRole("button", { name: "Reject" }));
  await expect.poll(() => orchard.lastWords, CUT_OFF).toMatch(/does not know this token/);
  await expect(worker(page, "pending")).toHaveCount(0);
});

test("a worker that is removed is cut off within a second, and its process says why it ends", async ({
  page,
  muster,
}) => {
  const orchard = await muster.readyToChat();
  await machine(page, "online").click();
  await page.getByRole("main").getByRole("button", { name: "Menu of orchard" }).click();
  await page.getByRole("menuitem", { name: "Remove worker" }).click();
  await turnAway(page.getByRole("alertdialog").getByRole("button", { name: "Remove worker" }));
  await expect.poll(() => orchard.lastWords, CUT_OFF).toMatch(/removed/);
  await expect(worker(page, "offline")).toHaveCount(0);
  await expect(machine(page, "offline")).toBeVisible();
});

test("only approved workers can be chosen, each with a mark that is live", async ({
  page,
  muster,
}) => {
  test.slow();
  const orchard = await muster.readyToChat();
  await machine(page, "online").click();
  const token = await muster.newToken("meadow");
  await page.keyboard.press("Escape");
  const choose = (name: string) =>
    rail(page).getByRole("button", { name: `New session on ${name}` });
  await expect(worker(page, "pending", "meadow")).toBeVisible();
  await expect(choose("orchard")).toHaveCount(1);
  await expect(choose("meadow")).toHaveCount(0);
  await muster.startWorker(token);
  await approve(page).click({ timeout: START });
  await expect(worker(page, "online", "meadow")).toBeVisible({ timeout: START });
  await orchard.stop();
  await expect(worker(page, "offline")).toBeVisible({ timeout: START });
  await worker(page, "online", "meadow").click();
  await expect(page.getByText("What should meadow work on?")).toBeVisible();
  await expect(muster.composer).toBeFocused();
});

test("a worker's sessions stand with what goes on on top in green, and what has ended folded below", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  for (const title of ["echo first", "echo second"]) {
    await muster.send(title);
    await expect(muster.reply).toContainText(title.slice("echo ".length));
    await rail(page).getByRole("button", { name: "New session on orchard" }).click();
    await expect(page.getByText("What should orchard work on?")).toBeVisible();
  }
  await expect(sessions(page)).toHaveText(["echo second", "echo first"]);
  await expect(sessions(page).getByRole("img", { name: "active" })).toHaveCount(2);
  await sessions(page).filter({ hasText: "second" }).click();
  await page.getByRole("button", { name: "Session menu" }).click();
  await page.getByRole("menuitem", { name: "End session" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End session" }).click();
  await expect(sessions(page)).toHaveText(["echo first"]);
  await rail(page).getByRole("button", { name: "1 ended session" }).click();
  await expect(sessions(page)).toHaveText(["echo first", "echo second"]);
  await expect(sessions(page).last().getByRole("img", { name: "ended" })).toBeVisible();
});

test("the sessions of a worker that is removed stay within reach", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.send("echo kept");
  await expect(muster.reply).toContainText("kept");
  await machine(page, "online").click();
  await page.getByRole("main").getByRole("button", { name: "Menu of orchard" }).click();
  await page.getByRole("menuitem", { name: "Remove worker" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove worker" }).click();
  await rail(page).getByRole("button", { name: "Removed workers" }).click();
  await sessions(page).filter({ hasText: "kept" }).click();
  await expect(muster.reply).toContainText("kept");
});
