import { expect, test } from "./stack";

test("a session is found by what was said in it, and opened", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.send("echo The zeppelin lands at dawn, wherever the wind takes it tonight");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await page.goto("/app");
  await expect(page.getByText("laptop").first()).toBeVisible();
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog");
  await palette.getByRole("combobox").fill("wind takes");
  const found = palette.getByRole("option").filter({ hasText: "wherever the wind takes it" });
  await expect(found).toBeVisible();
  await found.click();
  await expect(page.getByRole("log")).toContainText("The zeppelin lands at dawn");
  await page.keyboard.press("Control+k");
  await palette.getByRole("combobox").fill("submarine");
  await expect(palette.getByText("Nothing fits.")).toBeVisible();
});
