import { join } from "node:path";
import { ScriptedModel } from "./scripted-model";
import { expect, test } from "./stack";

test("an edited message is sent anew, and both versions stay readable with what followed them", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  const you = page.getByRole("article", { name: "You" });
  await muster.send("echo one");
  await expect(muster.reply).toContainText("one");
  await muster.send("echo two");
  await expect(muster.reply).toContainText("two");
  await muster.send("said");
  await expect(muster.reply).toContainText("echo two");

  await you.nth(1).hover();
  await you.nth(1).getByRole("button", { name: "Edit and send again" }).click();
  const field = page.getByRole("textbox", { name: "Edit and send again" });
  await expect(field).toBeFocused();
  await field.fill("said");
  await field.press("Enter");
  await expect(muster.reply).toContainText("echo one");
  await expect(muster.reply).not.toContainText("echo two");
  await expect(you).toHaveCount(2);
  await expect(page.getByRole("status", { name: "Version 2 of 2" })).toBeVisible();

  await page.getByRole("button", { name: "Earlier version" }).click();
  await expect(you).toHaveCount(3);
  await expect(page.getByText("You are reading an earlier version.")).toBeVisible();
  await page.reload();
  await expect(you).toHaveCount(2);
  await page.getByRole("button", { name: "Earlier version" }).click();
  await expect(you.nth(1)).toContainText("echo two");
  await page.getByRole("button", { name: "Show the current one" }).click();
  await expect(you).toHaveCount(2);
  await expect(page.getByRole("status", { name: "Version 2 of 2" })).toBeVisible();
});

test("by keyboard the last message is changed, and escape leaves it as it was", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("echo one");
  await expect(muster.reply).toContainText("one");
  // A reply may be all there before its turn has ended; until then the key does nothing.
  await expect(page.getByRole("article", { name: "You" })).toContainText("Done");
  await muster.composer.press("ArrowUp");
  const field = page.getByRole("textbox", { name: "Edit and send again" });
  await expect(field).toBeFocused();
  await field.press("Escape");
  await expect(field).toBeHidden();
  await expect(muster.composer).toBeFocused();
  await muster.composer.press("ArrowUp");
  await field.fill("echo another");
  await field.press("Enter");
  await expect(muster.reply).toContainText("another");
  await expect(page.getByRole("article", { name: "You" })).toHaveCount(1);
});

test("a reply is written anew; while one is written the button says to stop it first", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("echo one");
  await muster.reply.hover();
  await muster.reply.getByRole("button", { name: "Answer anew" }).click();
  await expect(page.getByRole("status", { name: "Version 2 of 2" })).toBeVisible();
  await muster.send("hang");
  await expect(muster.reply).toContainText("Waiting until you stop me");
  const first = page.getByRole("article", { name: "Agent" }).first();
  await first.hover();
  await expect(first.getByRole("button", { name: /^Answer anew: Stop the reply/ })).toBeVisible();
  await page.getByRole("button", { name: "Stop “hang”" }).click();
});

test("a fork goes on from a reply in a session of its own, and leads back", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("echo one");
  await expect(muster.reply).toContainText("one");
  await muster.send("echo two");
  await expect(muster.reply).toContainText("two");
  const first = page.getByRole("article", { name: "Agent" }).first();
  await first.hover();
  await first.getByRole("button", { name: "Fork from here" }).click();
  await expect(page.getByRole("heading", { name: "echo one (fork)" })).toBeVisible();
  await expect(page.getByText("Forked from")).toBeVisible();
  await expect(page.getByRole("article", { name: "You" })).toHaveCount(1);
  await muster.send("said");
  await expect(muster.reply).toContainText("echo one");
  await expect(muster.reply).not.toContainText("echo two");
  await page.getByRole("main").getByRole("button", { name: "echo one", exact: true }).click();
  await expect(page.getByRole("article", { name: "You" })).toHaveCount(2);
});

test("the mode beside the model is what the agent works in", async ({ page, muster }) => {
  await muster.readyToChat();
  await page.getByRole("button", { name: "Mode: Build" }).click();
  await page.getByRole("menuitemradio", { name: /^Plan/ }).click();
  await muster.send("mode");
  await expect(muster.reply).toContainText("plan");
  await expect(page.getByRole("button", { name: "Mode: Plan" })).toBeVisible();
});

test("a real opencode forgets what was replaced, and the page says what of its changes it takes back", async ({
  page,
  muster,
}) => {
  test.slow();
  const model = await ScriptedModel.start();
  const config = model.opencodeConfigWith({ permission: "allow" });
  const worker = await muster.readyToChat({
    backend: "opencode",
    files: { "opencode.json": config },
  });
  await muster.send("Make a file");
  await model.asked();
  model.use("write", { filePath: join(worker.directory, "made.txt"), content: "made\n" });
  await model.asked();
  model.say("It is made.");
  model.finish();
  await expect(muster.reply).toContainText("It is made.");

  await page.getByRole("article", { name: "You" }).hover();
  await page.getByRole("button", { name: "Edit and send again" }).click();
  await expect(page.getByText(/takes back its changes to 1 file/)).toBeVisible();
  const field = page.getByRole("textbox", { name: "Edit and send again" });
  await field.fill("Make nothing");
  await field.press("Enter");
  await model.asked();
  model.say("Nothing is made.");
  model.finish();
  await expect(muster.reply).toContainText("Nothing is made.");
  expect(model.heard).not.toContain("Make a file");
  expect(model.heard).toContain("Make nothing");
  model.stop();
});
