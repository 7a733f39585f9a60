import type { Page, TestInfo } from "@playwright/test";
import { newcomersWay } from "../newcomers-way";
import { ScriptedModel } from "../scripted-model";
import { expect, test, type Muster } from "../stack";
import { shot } from "./shot";

/** Numbered in the order of the walk, so that a folder of them reads as one. */
function album(page: Page, walk: string, { project }: TestInfo) {
  let n = 0;
  return (name: string) => {
    n += 1;
    const file = `${walk}-${String(n).padStart(2, "0")}-${name}-${project.name}.png`;
    return shot(page, `screenshots/${file}`);
  };
}

const whole = (muster: Muster) =>
  expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible({
    timeout: 30_000,
  });

test("a newcomer's way", async ({ page, muster }, info) => {
  await newcomersWay(muster, album(page, "newcomer", info));
});

test("the screens of a session, and around it", async ({ page, muster }, info) => {
  const look = album(page, "session", info);
  const asks = (kind: RegExp) => page.getByRole("log").getByRole("region", { name: kind });
  await muster.readyToChat();
  await muster.send("What can you show me?");
  await whole(muster);
  await muster.send("tool");
  await expect(muster.reply.getByText("running")).toBeVisible();
  await look("tool-runs");
  await whole(muster);
  await page.getByRole("button", { name: /^bash/ }).last().click();
  await look("tool-done");
  await muster.send("fail");
  await expect(muster.reply.getByText("demo failure")).toBeVisible();
  await look("failed");
  await muster.send("ask");
  await expect(asks(/^Permission/)).toBeVisible();
  await look("permission");
  await asks(/^Permission/).getByRole("button", { name: "Allow once" }).click();
  await expect(asks(/^Permission/).getByText(/^Answered/)).toBeVisible();
  await look("answered");
  await muster.send("question");
  await asks(/^Question/).getByRole("radio").first().check();
  await look("question");
  await muster.send("echo later");
  await muster.send("echo even later");
  await expect(page.getByRole("region", { name: "2 messages wait" })).toBeVisible();
  await look("queue");
  await page.getByRole("button", { name: "Edit message" }).first().click();
  await look("queue-edit");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Show details" }).click();
  await look("details");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog").getByRole("combobox")).toBeVisible();
  await look("palette");
  await page.goto("/app");
  await expect(page.getByRole("heading", { name: "1 thing needs you" })).toBeVisible();
  await look("start");
  await page.goto("/settings");
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await expect(page.getByText("this one")).toBeVisible();
  await look("settings");
});

test("what the composer offers", async ({ page, muster }, info) => {
  const look = album(page, "composer", info);
  const model = await ScriptedModel.start();
  const files = {
    "opencode.json": model.opencodeConfigWith({ permission: "allow" }),
    ".opencode/command/changelog.md": "---\ndescription: Writes down what changed\n---\nWrite.",
    "api/.git/HEAD": "ref: refs/heads/trunk\n",
    "api/src/main.rs": "",
    "api/src/domain/session.rs": "",
    "web/.git/HEAD": "ref: refs/heads/redesign\n",
    "web/src/main.tsx": "",
    "docs/maintenance.md": "",
  };
  await muster.readyToChat({ backend: "opencode", files });
  await page.getByRole("button", { name: "Directory: The worker's directory" }).click();
  await expect(page.getByRole("option", { name: "web redesign" })).toBeVisible();
  await look("directories");
  await page.keyboard.press("Escape");
  await muster.composer.fill("What does @main");
  await expect(page.getByRole("option", { name: /^main\.rs/ })).toBeVisible();
  await look("files");
  await muster.composer.fill("/");
  await expect(page.getByRole("option", { name: /^\/changelog/ })).toBeVisible();
  await look("commands");
  model.stop();
});
