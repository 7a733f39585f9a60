import { ScriptedModel } from "./scripted-model";
import { expect, START, test } from "./stack";

test("a worker goes from its command over the approval to online, by itself", async ({
  page,
  muster,
  baseURL,
}) => {
  test.slow();
  await muster.signUp();
  await muster.addMachine("laptop");
  const token = await muster.newToken("orchard");
  const dialog = page.getByRole("dialog");
  await expect(
    dialog.getByText(`curl -fsSL ${baseURL ?? ""}/install.sh | sh -s -- --token '${token}'`),
  ).toBeVisible();
  await expect(dialog.getByText("On Windows, run it in WSL.")).toBeVisible();
  await dialog.getByText("Other ways to start it").click();
  await expect(
    dialog.getByText(`muster-worker-agent run --token '${token}' --server ${baseURL ?? ""}`),
  ).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Copy command", exact: true })).toBeVisible();
  await expect(dialog.getByText("Waiting for it to connect…")).toBeVisible();
  await muster.startWorker(token);
  const card = dialog.getByRole("article", { name: /A worker asks to join/ });
  await expect(card.getByText("Key fingerprint")).toBeVisible({ timeout: START });
  await card.getByRole("button", { name: "Approve" }).click();
  await expect(dialog.getByText("It is online")).toBeVisible({ timeout: START });
  await page.keyboard.press("Escape");
  const rail = page.getByRole("navigation", { name: "Machines and sessions" });
  await expect(rail.getByText("1 online, 0 offline")).toBeAttached();
});

test("a registration shows under Needs you, and a rejected worker is gone", async ({
  page,
  muster,
}) => {
  test.slow();
  await muster.signUp();
  await muster.addMachine("laptop");
  const token = await muster.newToken("orchard");
  await page.keyboard.press("Escape");
  await muster.startWorker(token);
  const needs = page.getByRole("region", { name: "Needs you" }).first();
  await expect(needs.getByRole("button", { name: /orchard/ })).toBeVisible({ timeout: START });
  await page
    .getByRole("article", { name: /A worker asks to join/ })
    .getByRole("button", { name: "Reject" })
    .click();
  await expect(page.getByRole("heading", { name: "No worker on this machine yet" })).toBeVisible();
});

test("removing a worker asks first and cuts it off", async ({ page, muster }) => {
  await muster.readyToChat();
  await page
    .getByRole("navigation")
    .getByRole("button", { name: "laptop", exact: false })
    .nth(1)
    .click();
  await page.getByRole("main").getByRole("button", { name: "Menu of orchard" }).click();
  await page.getByRole("menuitem", { name: "Remove worker" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove worker" }).click();
  await expect(page.getByText("orchard was removed")).toBeVisible();
  await expect(page.getByRole("heading", { name: "No worker on this machine yet" })).toBeVisible();
});

test("a model that an agent offers from now on is in the menu by itself, and is the one that is asked", async ({
  page,
  muster,
}) => {
  test.slow();
  const model = await ScriptedModel.start();
  await muster.readyToChat({ backend: "openai", options: ["--openai-url", model.url] });
  await page.getByRole("button", { name: /^Model:/ }).click();
  await expect(page.getByRole("option")).toHaveText([/tiny/]);
  model.offered = ["deep/er/new"];
  // A worker looks once a minute.
  const offered = page.getByRole("option", { name: /deep\/er\/new/ });
  await expect(offered).toBeVisible({ timeout: 90_000 });
  await expect(page.getByRole("option")).toHaveCount(1);
  await offered.click();
  await muster.send("hello");
  await expect(muster.reply).toContainText(model.title);
  expect([...model.named]).toEqual(["deep/er/new"]);
  model.stop();
});
