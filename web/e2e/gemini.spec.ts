import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ScriptedModel } from "./scripted-model";
import { expect, test } from "./stack";

test("what Gemini CLI says and asks over the Agent Client Protocol reaches the page as itself", async ({
  page,
  muster,
}, info) => {
  test.slow();
  const model = await ScriptedModel.start();
  const worker = await muster.readyToChat({
    backend: "acp",
    options: ["--agent", "gemini"],
    files: { "notes.txt": "one\n" },
    environment: {
      HOME: info.outputPath("home"),
      GEMINI_API_KEY: "scripted",
      GOOGLE_GEMINI_BASE_URL: model.geminiUrl,
      GEMINI_CLI_TRUST_WORKSPACE: "true",
    },
  });
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("option", { name: "gemini-2.5-pro" }).click();
  await muster.send("Change it");
  await model.asked();
  expect(model.model).toBe("gemini-2.5-pro");

  model.think("First a look around.");
  model.say("I change it.");
  const file_path = join(worker.directory, "notes.txt");
  model.use("replace", { file_path, old_string: "one", new_string: "two", instruction: "count" });
  const permission = page.getByRole("log").getByRole("region", { name: /^Permission/ });
  await expect(permission).toContainText("notes.txt");
  await permission.getByRole("button", { name: /^Allow( once)?$/ }).click();
  await expect(permission.getByText(/^Answered by you: Allow/)).toBeVisible();
  await model.asked();
  const diff = muster.reply.getByRole("figure").filter({ hasText: "notes.txt" });
  await expect(diff.getByRole("row")).toContainText([/−\s*one/, /\+\s*two/]);
  expect(await readFile(file_path, "utf8")).toBe("two\n");
  await muster.reply.getByRole("button", { name: /^Thought for/ }).click();
  await expect(muster.reply.getByText("First a look around.")).toBeVisible();

  model.say("All done.");
  model.finish();
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await expect(muster.reply.locator(".prose").last()).toHaveText("All done.");
  model.stop();
});
