import type { Page } from "@playwright/test";
import { expect, START, unusedName, type Muster } from "./stack";

const phone = { width: 390, height: 844 };

const NUMBERS = 400;
const counted = Array.from({ length: NUMBERS }, (_, i) => i + 1).join(" ");

/** From the first visit to the phone in the pocket. Each step is handed to `look` when it is all there. */
export async function newcomersWay(
  muster: Muster,
  look: (step: string) => Promise<void>,
): Promise<void> {
  await joins(muster, look);
  await bringsAMachine(muster, look);
  await talks(muster, look);
  await stopsAndQueues(muster, look);
  await takesThePhone(muster.page, look);
}

type Step = (muster: Muster, look: (step: string) => Promise<void>) => Promise<void>;

const joins: Step = async ({ page }, look) => {
  await page.goto("/login");
  await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
  await look("login");
  await page.getByRole("link", { name: "Create" }).click();
  await expect(page.getByRole("button", { name: "Create account" })).toBeVisible();
  await look("register");
  await page.getByLabel("User name").fill(unusedName());
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(
    page.getByRole("heading", { name: "Bring your first machine on board" }),
  ).toBeVisible();
  await look("no-machine");
};

const bringsAMachine: Step = async (muster, look) => {
  const { page } = muster;
  const dialog = page.getByRole("dialog");
  await page.getByRole("main").getByRole("button", { name: "Add machine" }).click();
  await dialog.getByLabel("Name").fill("studio");
  await look("add-machine");
  await dialog.getByRole("button", { name: "Add machine" }).click();
  await expect(page.getByText("studio was added")).toBeVisible();
  await expect(page.getByRole("heading", { name: "No worker on this machine yet" })).toBeVisible();
  await look("no-worker");

  const token = await muster.newToken("orchard");
  await dialog.getByRole("combobox", { name: "Agent" }).selectOption("demo");
  await expect(dialog.getByText("Waiting for it to connect…")).toBeVisible();
  await look("command");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await dialog
    .getByRole("button", { name: "Copy the command that installs and starts it", exact: true })
    .click();
  await expect(dialog.getByRole("button", { name: "Copied" })).toBeVisible();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  expect(command).toContain(`--token '${token}'`);

  const worker = await muster.startWorkerBy(command);
  const card = dialog.getByRole("article", { name: "A worker asks to join: orchard" });
  await expect(card).toBeInViewport({ timeout: START });
  await expect(card).toContainText(worker.directory);
  await expect(card.getByText("Key fingerprint")).toBeVisible();
  await look("approval");
  await card.getByRole("button", { name: "Approve" }).click();
  await expect(dialog.getByText("It is online")).toBeVisible({ timeout: START });
  await look("online");
};

const talks: Step = async (muster, look) => {
  const { page, reply } = muster;
  await page.getByRole("dialog").getByRole("button", { name: "Start a session" }).click();
  await expect(muster.composer).toBeFocused();
  await expect(page.getByRole("button", { name: /^Model:/ })).toBeVisible();
  await look("new-session");

  await muster.send("What can you show me?");
  // This first: it goes with the end of the reply, and the rest stays.
  await expect(page.getByRole("button", { name: "Stop “What can you show me?”" })).toBeVisible();
  await expect(page.getByRole("article", { name: "You" })).toContainText("What can you show me?");
  await expect(reply).toContainText("Things to try");
  await look("streaming");
  await expect(whole(muster)).toBeVisible();
  await expect(reply).toContainText("see opencode for one that is quickly installed.");
  await look("reply");

  await muster.send("ask");
  const permission = page.getByRole("log").getByRole("region", { name: /^Permission/ });
  await expect(permission.getByRole("button", { name: "Allow once" })).toBeInViewport();
  await look("permission");
  await permission.getByRole("button", { name: "Allow once" }).click();
  await expect(reply).toContainText("You allowed it once.");
  await look("answered");

  await muster.send("tool");
  const changes = reply.getByRole("region", { name: "Changes" });
  await expect(changes.getByRole("row").filter({ hasText: "+" })).not.toHaveCount(0);
  await expect(whole(muster)).toBeVisible();
  await look("diff");
};

const stopsAndQueues: Step = async (muster, look) => {
  const { page, reply } = muster;
  await muster.send("hang");
  await expect(reply).toContainText("Waiting until you stop me.");
  await page.getByRole("button", { name: "Stop “hang”" }).click();
  await expect(reply.getByText("You stopped this reply.")).toBeVisible();
  await look("stopped");

  // Slow enough to go on while the page is loaded anew.
  const count = `count ${NUMBERS} every 60ms`;
  await muster.send(count);
  await expect(page.getByRole("button", { name: `Stop “${count}”` })).toBeVisible();
  await muster.send("echo And then this.");
  const queue = page.getByRole("region", { name: "1 message waits" });
  await expect(queue).toContainText("And then this.");
  await look("queue");

  await page.reload();
  await expect(queue).toContainText("And then this.");
  await expect(reply).toContainText("1 2 3");
  await look("reloaded");
  await expect(reply).toContainText("And then this.", { timeout: START });
  await expect(whole(muster)).toBeVisible();
  await expect(queue).toBeHidden();
  const before = page.getByRole("article", { name: "Agent" }).nth(-2);
  await expect(before.locator(".prose")).toHaveText(counted, { useInnerText: true });
};

async function takesThePhone(page: Page, look: (step: string) => Promise<void>): Promise<void> {
  const rail = page.getByRole("navigation", { name: "Machines and sessions" });
  await page.setViewportSize(phone);
  await expect(page.getByRole("textbox", { name: "Message" })).toBeInViewport({ ratio: 1 });
  await expect(rail).toBeHidden();
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth))
    .toBe(phone.width);
  await look("phone");
  await page.getByRole("button", { name: "Open machines and sessions" }).click();
  await expect(rail.getByText("studio")).toBeVisible();
  await expect(rail.locator("[data-session][aria-current]")).toBeVisible();
  await look("phone-rail");
}

const whole = (muster: Muster) => muster.reply.getByRole("img", { name: /every piece arrived/ });
