import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ScriptedModel } from "./scripted-model";
import { expect, test } from "./stack";
import type { WorkerProcess } from "./worker-process";

const words = [
  "One ",
  "two ",
  "three ",
  "four ",
  "five ",
  "six ",
  "seven ",
  "eight ",
  "nine ",
  "ten ",
  "eleven ",
  "twelve.",
];

test("a real opencode's reply grows word by word, goes on after a reload, and is what opencode stored", async ({
  page,
  muster,
}) => {
  test.slow();
  const model = await ScriptedModel.start();
  const files = { "opencode.json": model.opencodeConfig };
  const worker = await muster.readyToChat({ backend: "opencode", files });
  const text = muster.reply.locator(".prose");
  await muster.send("Count in words");
  await model.asked();
  let said = "";
  for (const [index, word] of words.entries()) {
    model.say(word);
    said += word;
    await expect(text).toHaveText(said.trim());
    if (index === words.length / 2) {
      await page.reload();
      await expect(text).toHaveText(said.trim());
    }
  }
  model.finish();
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await expect(text).toHaveText(said);
  const id = new URL(page.url()).searchParams.get("session") ?? "";
  const session = await page.request.get(`/api/v1/sessions/${id}`);
  const { backendSessionId } = (await session.json()) as { backendSessionId: string };
  expect(await storedText(worker, backendSessionId)).toBe(said);
  model.stop();
});

/** What the agent said in a session, by its own record. */
async function storedText(worker: WorkerProcess, session: string): Promise<string> {
  const { stdout } = await promisify(execFile)("opencode", ["export", session], {
    cwd: worker.directory,
    env: worker.environment,
  });
  const { messages } = JSON.parse(stdout) as Exported;
  const parts = messages.filter(({ info }) => info.role === "assistant").flatMap((m) => m.parts);
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

interface Exported {
  messages: { info: { role: string }; parts: { type: string; text: string }[] }[];
}
