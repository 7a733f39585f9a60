import { readFile } from "node:fs/promises";
import { expect, test } from "./stack";

test("a session is read by whoever has its link, until it is withdrawn", async ({
  page,
  muster,
  browser,
}) => {
  await muster.readyToChat();
  await muster.send("tool");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await muster.send("fail");
  await expect(muster.reply.getByText("The turn failed.")).toBeVisible();
  await page.getByRole("button", { name: "Session menu" }).click();
  await page.getByRole("menuitem", { name: "Share…" }).click();
  const dialog = page.getByRole("dialog", { name: "Share this session" });
  await expect(dialog).toContainText("also what comes later");
  await dialog.getByRole("radio", { name: "1 year" }).click();
  await dialog.getByRole("button", { name: "Make link" }).click();
  const link = (await dialog.getByText(/\/shared\//).textContent()) ?? "";
  await dialog.getByRole("button", { name: "Done" }).click();
  const mark = page.getByRole("button", { name: /^Shared until/ });
  await expect(mark).toBeVisible();

  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(link);
  await expect(stranger.getByRole("heading", { name: "tool" })).toBeVisible();
  await expect(stranger.getByRole("article", { name: "You" }).first()).toContainText("tool");
  await expect(stranger.getByText("The turn failed.")).toBeVisible();
  await expect(stranger.getByRole("button", { name: "Retry" })).toHaveCount(0);
  await expect(stranger.getByRole("textbox")).toHaveCount(0);

  await mark.click();
  await dialog.getByRole("button", { name: "Stop sharing" }).click();
  await expect(mark).toHaveCount(0);
  await stranger.reload();
  await expect(stranger.getByText("This link leads nowhere any more")).toBeVisible();
  await stranger.context().close();
});

test("a session is exported from its menu and from the palette", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.send("echo Grüße: a/b");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Session menu" }).click();
  await page.getByRole("menuitem", { name: "Export as Markdown" }).click();
  const markdown = await saved;
  expect(markdown.suggestedFilename()).toBe("echo Grüße a b.md");
  expect(await readFile(await markdown.path(), "utf8")).toContain("## Agent · ");

  const again = page.waitForEvent("download");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("json");
  await page.getByRole("option", { name: /Export as JSON/ }).click();
  const json = JSON.parse(await readFile(await (await again).path(), "utf8")) as {
    version: number;
  };
  expect(json.version).toBe(1);
});
