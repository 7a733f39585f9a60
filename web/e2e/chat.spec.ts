import { expect, test } from "./stack";

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i + 1).join(" ");

test("the first message makes the session; the bubble shows at once and the reply is verified", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("echo Hello from here");
  await expect(page.getByRole("article", { name: "You" })).toContainText("echo Hello from here");
  await expect(muster.reply).toContainText("Hello from here");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await expect(page).toHaveURL(/session=/);
  await expect(page.getByRole("heading", { name: "echo Hello from here" })).toBeVisible();
});

test("the model menu has exactly the worker's models, and the chosen one and its variant are used", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await page.getByRole("button", { name: /^Model:/ }).click();
  await expect(page.getByRole("option")).toHaveCount(2);
  await page.getByRole("option", { name: /slow/ }).click();
  await muster.send("model");
  await expect(muster.reply).toContainText("demo/slow/with/slashes");
  await page.getByRole("button", { name: "Model: Demo, slow" }).click();
  await page.getByRole("radio", { name: "patient" }).click();
  await expect(page.getByRole("button", { name: "Model: Demo, slow · patient" })).toBeVisible();
  await muster.send("model");
  await expect(muster.reply).toContainText("demo/slow/with/slashes#patient");
});

test("a reload in the middle of a reply goes on without gap or repeat", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("count 150 every 20ms");
  await expect(muster.reply).toContainText("20");
  await page.reload();
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await expect(muster.reply.locator(".prose")).toHaveText(numbers(150), { useInnerText: true });
});

test("stop names its message, and the turn ends as stopped", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.send("hang");
  await expect(muster.reply).toContainText("Working");
  await page.getByRole("button", { name: "Stop “hang”" }).click();
  await expect(muster.reply.getByText("You stopped this reply.")).toBeVisible();
});

test("messages sent meanwhile wait, can be changed and withdrawn, and follow in order", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("hang");
  await expect(muster.reply).toContainText("Working");
  await muster.send("echo second");
  await muster.send("echo third");
  const queue = page.getByRole("region", { name: "2 messages wait" });
  await queue.getByRole("button", { name: "Edit message" }).first().click();
  await page.getByRole("textbox", { name: "Edit message" }).fill("echo changed");
  await page.getByRole("button", { name: "Save message" }).click();
  await queue.getByRole("button", { name: "Withdraw message" }).last().click();
  await expect(page.getByRole("region", { name: "1 message waits" })).toBeVisible();
  await page.getByRole("button", { name: "Stop “hang”" }).click();
  await expect(muster.reply).toContainText("changed");
  await expect(page.getByRole("article", { name: "You" })).toHaveCount(2);
});

test("a failed turn says why, and does not hold up what follows", async ({ muster }) => {
  await muster.readyToChat();
  await muster.send("fail");
  await expect(muster.reply.getByText("demo failure")).toBeVisible();
  // Whoever writes after a failure has seen it: this goes at once.
  await muster.send("echo after");
  await expect(muster.reply).toContainText("after");
});

test("an agent that lost its context says so in its reply, at once and for good", async ({
  page,
  muster,
}) => {
  const worker = await muster.readyToChat();
  await muster.send("echo before");
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  await worker.forget();
  await muster.send("hang");
  await expect(muster.reply).toContainText("Waiting until you stop me.");
  const told = muster.reply.getByRole("note");
  await expect(told).toHaveText("The demo has no memory of what was said here before.");
  await page.getByRole("button", { name: "Stop “hang”" }).click();
  await expect(muster.reply.getByText("You stopped this reply.")).toBeVisible();
  await page.reload();
  await expect(told).toHaveText("The demo has no memory of what was said here before.");
});

test("permissions and questions are answered from the page", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.send("ask");
  const permission = page.getByRole("log").getByRole("region", { name: /^Permission/ });
  await permission.getByRole("button", { name: "Allow once" }).click();
  await expect(permission.getByText(/^Answered/)).toBeVisible();
  await muster.send("question");
  const question = page.getByRole("log").getByRole("region", { name: /^Question/ });
  await question.getByRole("radio").first().check();
  await question.getByRole("button", { name: "Answer" }).click();
  await expect(question.getByText(/^Answered/)).toBeVisible();
});

test("a tool call shows as a card with its diff", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.send("tool");
  await expect(muster.reply.getByRole("region", { name: "Changes" })).toBeVisible();
  await page.getByRole("button", { name: "Show details" }).click();
  await expect(
    page.getByRole("complementary", { name: "Details" }).getByText("Usage"),
  ).toBeVisible();
});

test("an ended session stays readable, is resumed after asking, and goes on", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("echo one");
  await expect(muster.reply).toContainText("one");
  await page.getByRole("button", { name: "Session menu" }).click();
  await page.getByRole("menuitem", { name: "End session" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End session" }).click();
  await expect(page.getByText("This session has ended.")).toBeVisible();
  await page.reload();
  await expect(muster.reply).toContainText("one");
  await page.getByRole("main").getByRole("button", { name: "Resume" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Resume" }).click();
  await muster.send("first");
  await expect(muster.reply).toContainText("echo one");
});

test("a failed send keeps the text and sends the same message again", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.send("echo one");
  await expect(muster.reply).toContainText("one");
  await page.route("**/messages", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  await muster.send("echo two");
  await expect(page.getByText(/^Not sent/)).toBeVisible();
  await page.reload();
  await expect(page.getByText("echo two")).toBeVisible();
  await page.unroute("**/messages");
  await page.getByRole("button", { name: "Send again", exact: true }).click();
  await expect(muster.reply).toContainText("two");
});

test("a draft survives a reload", async ({ page, muster }) => {
  await muster.readyToChat();
  await muster.composer.fill("half a thought");
  await page.reload();
  await expect(muster.composer).toHaveValue("half a thought");
});
