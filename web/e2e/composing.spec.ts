import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./stack";
import { ScriptedModel } from "./scripted-model";

const files = {
  "api/.git/HEAD": "ref: refs/heads/trunk\n",
  "api/src/main.rs": "",
  "api/src/domain.rs": "",
  "docs/guide.md": "",
  ".gitignore": "secret.env\n",
  "secret.env": "",
};

test("a file is mentioned by some of its letters, with the keyboard or by touch", async ({
  page,
  muster,
}) => {
  await muster.readyToChat({ backend: "demo", files });
  const option = (name: RegExp) => page.getByRole("option", { name });
  await muster.composer.pressSequentially("look at @main");
  await expect(option(/^main\.rs/)).toHaveAttribute("aria-selected", "true");
  await muster.composer.press("ArrowDown");
  await expect(option(/^domain\.rs/)).toHaveAttribute("aria-selected", "true");
  await muster.composer.press("Enter");
  await expect(muster.composer).toHaveValue("look at @api/src/domain.rs ");
  await muster.composer.pressSequentially("and @guide");
  await option(/guide\.md/).click();
  await expect(muster.composer).toHaveValue("look at @api/src/domain.rs and @docs/guide.md ");
  await expect(muster.composer).toBeFocused();
  await muster.composer.pressSequentially("@gui");
  await expect(option(/guide\.md/)).toBeVisible();
  await muster.composer.press("Escape");
  await expect(page.getByRole("listbox")).toBeHidden();
  await muster.composer.press("Enter");
  await expect(page.getByRole("article", { name: "You" })).toContainText("and @docs/guide.md @gui");
});

test("a session is started in a working tree below the worker's directory", async ({
  page,
  muster,
}) => {
  const worker = await muster.readyToChat({ backend: "demo", files });
  await page.getByRole("button", { name: "Directory: The worker's directory" }).click();
  await expect(page.getByRole("option", { name: "api trunk" })).toBeVisible();
  await page.getByPlaceholder("Find a directory").fill("api/");
  await page.getByRole("option", { name: "api/src" }).click();
  await expect(page.getByRole("button", { name: "Directory: api/src" })).toBeVisible();
  await muster.composer.pressSequentially("@");
  await expect(page.getByRole("option")).toHaveText([/^main\.rs/, /^domain\.rs/]);
  await muster.composer.press("Escape");
  await muster.send("Hello");
  await expect(muster.reply).toBeVisible();
  const { items } = (await (await page.request.get("/api/v1/sessions")).json()) as {
    items: { directory: string }[];
  };
  expect(items.map((session) => session.directory)).toEqual([join(worker.directory, "api/src")]);
});

test("a command of a real opencode is offered and run", async ({ page, muster }) => {
  test.slow();
  const model = await ScriptedModel.start();
  await muster.readyToChat({
    backend: "opencode",
    files: {
      "opencode.json": model.opencodeConfigWith({ permission: "allow" }),
      ".opencode/command/greet.md": "---\ndescription: Greets\n---\nSay hello to $ARGUMENTS.",
    },
  });
  await muster.composer.pressSequentially("/gre");
  await expect(page.getByRole("option", { name: "/greet Greets" })).toBeVisible();
  await muster.composer.press("Tab");
  await expect(muster.composer).toHaveValue("/greet ");
  await muster.composer.pressSequentially("Ada");
  await muster.composer.press("Enter");
  await model.asked();
  model.say("Hello Ada.");
  model.finish();
  await expect(muster.reply).toContainText("Hello Ada.");
  expect(model.heard).toContain("Say hello to Ada.");
  model.stop();
});

test("what waits is put into another order, and gets another text and model", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("hang");
  await expect(muster.reply).toContainText("Working");
  // One at a time: sent at once, they wait in the order in which they arrive.
  for (const [content, queue] of [
    ["echo one", "1 message waits"],
    ["echo two", "2 messages wait"],
    ["echo three", "3 messages wait"],
  ] as const) {
    await muster.send(content);
    await expect(page.getByRole("region", { name: queue })).toBeVisible();
  }
  const waiting = (on: Page) => on.getByRole("region", { name: "3 messages wait" });
  const items = waiting(page).getByRole("listitem");
  const other = await page.context().newPage();
  await other.goto(page.url());
  await expect(waiting(other).getByRole("listitem")).toHaveText([
    "echo one",
    "echo two",
    "echo three",
  ]);
  const up = items.filter({ hasText: "three" }).getByRole("button", { name: "Move up" });
  await up.click();
  await expect(items).toHaveText(["echo one", "echo three", "echo two"]);
  await expect(up).toBeFocused();
  await expect(up).toBeEnabled();
  await page.keyboard.press("Enter");
  await expect(items).toHaveText(["echo three", "echo one", "echo two"]);
  await expect(waiting(other).getByRole("listitem")).toHaveText([
    "echo three",
    "echo one",
    "echo two",
  ]);
  await expect(up).toBeFocused();
  await items.filter({ hasText: "one" }).getByRole("button", { name: "Edit message" }).click();
  await page.getByRole("textbox", { name: "Edit message" }).fill("echo first");
  await waiting(page)
    .getByRole("button", { name: /^Model:/ })
    .click();
  await page.getByRole("option", { name: /slow/ }).click();
  await page.getByRole("button", { name: "Save message" }).click();
  await expect(items).toHaveText(["echo three", "echo first", "echo two"]);
  await page.getByRole("button", { name: "Stop “hang”" }).click();
  const said = page.getByRole("article", { name: "You" });
  await expect(said).toHaveText([/hang/, /echo three/, /echo first/, /echo two/]);
  const read = async (path: string): Promise<unknown> =>
    (await page.request.get(`/api/v1/sessions${path}`)).json();
  const sessions = (await read("")) as { items: { chatSessionId: string }[] };
  const messages = (await read(`/${sessions.items[0]?.chatSessionId}/messages`)) as {
    items: { content: string; model?: string }[];
  };
  const changed = messages.items.find((message) => message.content === "echo first");
  expect(changed?.model).toMatch(/slow/);
});
