import { join } from "node:path";
import type { Page } from "@playwright/test";
import { opencodeRecord, type OpencodePart } from "./opencode-record";
import { ScriptedModel } from "./scripted-model";
import { expect, test, type Muster } from "./stack";
import type { Agent } from "./worker-process";

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
  const { backendSessionId } = await storedSession(page);
  const { parts } = await opencodeRecord(worker, backendSessionId);
  expect(parts.map((part) => (part.type === "text" ? part.text : "")).join("")).toBe(said);
  model.stop();
});

test("all that a real opencode says and asks reaches the page as itself, and is what opencode stored", async ({
  page,
  muster,
}) => {
  test.slow();
  const { model, worker } = await upToThePlan(page, muster, { backend: "opencode" });
  const log = page.getByRole("log");
  await expect(log.getByRole("region", { name: "Permission: Run a command" })).toBeVisible();
  await muster.reply.getByRole("button", { name: /^bash/ }).click();
  await expect(muster.reply.getByText("$ echo made-$((40 + 2))")).toBeVisible();
  await expect(muster.reply.locator("pre").getByText("made-42", { exact: true })).toBeVisible();
  await expect(muster.reply.getByRole("listitem")).toHaveText(["look", "leap"]);

  const options = ["Left", "Right"].map((label) => ({ label, description: `to the ${label}` }));
  model.use("question", { questions: [{ question: "Which way?", header: "Way", options }] });
  const question = log.getByRole("region", { name: "Question: Way" });
  await question.getByRole("radio", { name: "Right" }).check();
  await question.getByRole("button", { name: "Answer" }).click();
  await expect(question.getByText("Answered by you: Right")).toBeVisible();
  await model.asked();
  expect(model.heard).toContain("Right");
  model.say("All done.");
  model.finish();
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();

  const { chatSessionId, backendSessionId } = await storedSession(page);
  const parts = await storedParts(page, chatSessionId);
  const record = await opencodeRecord(worker, backendSessionId);
  const said = parts.filter((part) => SAID.includes(part.kind)).map(ours);
  expect(said).toEqual(record.parts.filter((part) => SAID.includes(part.type)).map(theirs));
  expect(said.map(([kind, name]) => (kind === "tool" ? name : kind))).toEqual([
    "reasoning",
    "text",
    "bash",
    "read",
    "edit",
    "todowrite",
    "question",
    "text",
  ]);
  const usage = parts.filter((part) => part.kind === "usage");
  const all = used(record.parts);
  expect(all.cost).toBeGreaterThan(0);
  expect(usage).toMatchObject([all]);
  const patches = record.parts.flatMap((part) => part.state?.metadata.diff ?? []);
  expect(parts.flatMap((part) => part.patch ?? [])).toEqual(patches);
  expect(parts.flatMap((part) => part.entries ?? [])).toEqual(record.todos);
  expect(record.todos).toEqual(todos);
  model.stop();
});

test("what opencode says and asks over the Agent Client Protocol reaches the page as itself, too", async ({
  page,
  muster,
}) => {
  test.slow();
  const agent: Agent = { backend: "acp", options: ["--agent", "opencode"] };
  const { model, worker } = await upToThePlan(page, muster, agent);
  model.say("All done.");
  model.finish();
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();

  const { chatSessionId, backendSessionId } = await storedSession(page);
  const parts = await storedParts(page, chatSessionId);
  const record = await opencodeRecord(worker, backendSessionId);
  const words = (kind: string) =>
    parts.filter((part) => part.kind === kind).map(({ text }) => text);
  const recorded = (type: string) =>
    record.parts.filter((part) => part.type === type).map(({ text }) => text);
  for (const kind of ["text", "reasoning"]) expect(words(kind)).toEqual(recorded(kind));
  // Of a file that was read, opencode tells what is in it, without what it has told its model around that.
  const outputs = record.parts.flatMap(({ tool, state }) =>
    state === undefined ? [] : [tool === "read" ? "one" : state.output.trim()],
  );
  const tools = parts.filter((part) => part.kind === "tool");
  expect(tools.map(({ state }) => state)).toEqual(outputs.map(() => "completed"));
  expect(tools.map(({ output }) => output.trim())).toEqual(outputs);
  expect(parts.flatMap((part) => part.entries ?? [])).toEqual(record.todos);
  model.stop();
});

const todos = [
  { content: "look", status: "completed", priority: "high" },
  { content: "leap", status: "in_progress", priority: "low" },
];

/** A turn as far as both backends tell it: thoughts, words, a command with a permission, a diff and a plan. */
async function upToThePlan(page: Page, muster: Muster, agent: Agent) {
  const model = await ScriptedModel.start();
  const config = model.opencodeConfigWith({ permission: { bash: "ask", edit: "allow" } });
  const files = { "opencode.json": config, "notes.txt": "one\n" };
  const worker = await muster.readyToChat({ ...agent, files });
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("option", { name: "scripted/deep/er/tiny" }).click();
  await muster.send("Do it all");
  await model.asked();
  expect(model.model).toBe("deep/er/tiny");

  model.think("First a look around.");
  model.say("I run it.");
  model.use("bash", { command: "echo made-$((40 + 2))", description: "Says it" });
  const permission = page.getByRole("log").getByRole("region", { name: /^Permission/ });
  await expect(permission).toContainText("echo made-$((40 + 2))");
  await permission.getByRole("button", { name: "Allow once" }).click();
  await expect(permission.getByText("Answered by you: Allow once")).toBeVisible();
  await model.asked();
  expect(model.heard).toContain("made-42");
  await muster.reply.getByRole("button", { name: /^Thought for/ }).click();
  await expect(muster.reply.getByText("First a look around.")).toBeVisible();

  const filePath = join(worker.directory, "notes.txt");
  model.use("read", { filePath });
  await model.asked();
  model.use("edit", { filePath, oldString: "one", newString: "two" });
  await model.asked();
  const diff = muster.reply.getByRole("figure").filter({ hasText: "notes.txt" });
  await expect(diff.getByRole("row")).toContainText([/−\s*one/, /\+\s*two/]);

  model.use("todowrite", { todos });
  await model.asked();
  await expect(muster.reply.getByRole("button", { name: /^Plan/ })).toContainText("1 of 2");
  return { model, worker };
}

interface StoredSession {
  chatSessionId: string;
  backendSessionId: string;
}

interface StoredPart {
  kind: string;
  text: string;
  name: string;
  input: string;
  output: string;
  state: string;
  startedAt: number;
  endedAt?: number;
  patch?: string;
  entries?: object[];
}

/** The session that the page shows, as Muster has it. */
async function storedSession(page: Page): Promise<StoredSession> {
  const id = new URL(page.url()).searchParams.get("session") ?? "";
  const answer = await page.request.get(`/api/v1/sessions/${id}`);
  return (await answer.json()) as StoredSession;
}

/** The parts of its replies, as Muster has stored them. */
async function storedParts(page: Page, session: string): Promise<StoredPart[]> {
  const answer = await page.request.get(`/api/v1/sessions/${session}/messages`);
  const { items } = (await answer.json()) as { items: { parts?: StoredPart[] }[] };
  return items.flatMap((message) => message.parts ?? []);
}

/** What the agent itself says and does; all else is made of these, or stands between them. */
const SAID = ["text", "reasoning", "tool"];

const ours = ({ kind, text, name, input, output, state, startedAt, endedAt }: StoredPart) =>
  kind === "tool"
    ? [kind, name, JSON.parse(input) as unknown, output, state, startedAt, endedAt]
    : [kind, text];

const theirs = ({ type, text, tool, state }: OpencodePart) =>
  type === "tool"
    ? [type, tool, state?.input, state?.output, state?.status, state?.time.start, state?.time.end]
    : [type, text];

/** What all steps together have taken. */
const used = (parts: OpencodePart[]) => {
  const steps = parts.flatMap(({ tokens, cost }) =>
    tokens === undefined ? [] : [{ ...tokens, cost }],
  );
  const sum = (of: (step: (typeof steps)[number]) => number) =>
    steps.reduce((all, step) => all + of(step), 0);
  return {
    inputTokens: sum(({ input, cache }) => input + cache.read + cache.write),
    outputTokens: sum(({ output, reasoning }) => output + reasoning),
    cost: sum(({ cost }) => cost ?? 0),
  };
};
