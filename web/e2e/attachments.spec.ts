import { createHash } from "node:crypto";
import type { Page } from "@playwright/test";
import { expect, test } from "./stack";

/** One red dot. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
  "base64",
);
const NOTES = Buffer.from("Remember the milk.\n");

const image = { name: "dot.png", mimeType: "image/png", buffer: PNG };
const notes = { name: "notes.md", mimeType: "text/markdown", buffer: NOTES };
const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

type Chosen = Parameters<Awaited<ReturnType<typeof choosing>>["setFiles"]>[0];

const choosing = (page: Page) => page.waitForEvent("filechooser");

async function choose(page: Page, files: Chosen): Promise<void> {
  const chooser = choosing(page);
  await page.getByRole("button", { name: "Attach files" }).click();
  await (await chooser).setFiles(files);
}

const attached = (page: Page) =>
  page.getByRole("main").getByRole("list", { name: "Attached files" });

/** Gives an element a paste or a drop with one file, as the system would. */
async function give(page: Page, how: "paste" | "drop", name: string, type: string, bytes: Buffer) {
  await page.getByRole("textbox", { name: "Message" }).evaluate(
    (box, { how, name, type, bytes }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], name, { type }));
      const options = { bubbles: true, cancelable: true };
      const event =
        how === "paste"
          ? new ClipboardEvent("paste", { ...options, clipboardData: data })
          : new DragEvent("drop", { ...options, dataTransfer: data });
      box.dispatchEvent(event);
    },
    { how, name, type, bytes: [...bytes] },
  );
}

test("files chosen by the button go with the first message and reach the agent whole", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await choose(page, [image, notes]);
  await expect(attached(page).getByRole("listitem")).toHaveCount(2);
  await expect(attached(page)).toContainText("dot.png");
  await muster.send("attachments");
  await expect(muster.reply).toContainText(`dot.png image/png ${PNG.length} ${digest(PNG)}`);
  await expect(muster.reply).toContainText(`notes.md text/plain ${NOTES.length} ${digest(NOTES)}`);
  const message = page.getByRole("article", { name: "You" });
  const thumbnail = message.getByRole("button", { name: "Enlarge dot.png" });
  const width = () => thumbnail.locator("img").evaluate((el: HTMLImageElement) => el.naturalWidth);
  await expect.poll(width).toBe(1);
  await thumbnail.click();
  const viewer = page.getByRole("dialog", { name: "dot.png" });
  await expect(viewer.getByRole("button", { name: "dot.png" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(viewer).toHaveCount(0);
  const download = page.waitForEvent("download");
  await message.getByRole("link", { name: "Download notes.md" }).click();
  expect((await download).suggestedFilename()).toBe("notes.md");
  await page.reload();
  await expect(thumbnail).toBeVisible();
});

test("files are pasted and dropped, can be removed, and need no words", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await give(page, "paste", "pasted.png", "image/png", PNG);
  await give(page, "drop", "dropped.txt", "text/plain", NOTES);
  await give(page, "drop", "unwanted.txt", "text/plain", NOTES);
  await expect(attached(page).getByRole("listitem")).toHaveCount(3);
  await attached(page).getByRole("button", { name: "Remove unwanted.txt" }).click();
  await expect(attached(page).getByRole("listitem")).toHaveCount(2);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(page.getByRole("heading", { name: "pasted.png" })).toBeVisible();
  const message = page.getByRole("article", { name: "You" });
  await expect(message.getByRole("button", { name: "Enlarge pasted.png" })).toBeVisible();
  await expect(message.getByRole("link", { name: "Download dropped.txt" })).toBeVisible();
});

test("what is sent while its files are on their way goes once they are there, unless it is edited", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  const waits = page.getByRole("status").filter({ hasText: "as soon as its files are uploaded" });
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/api/v1/attachments", async (route) => {
    await held;
    await route.continue();
  });
  await choose(page, notes);
  await muster.send("attachment");
  await expect(waits).toBeVisible();
  await muster.composer.fill("attachments");
  await expect(waits).toHaveCount(0);
  await muster.composer.press("Enter");
  await expect(waits).toBeVisible();
  release();
  await expect(muster.reply).toContainText(digest(NOTES));
  await expect(page.getByRole("article", { name: "You" })).toContainText("notes.md");
  await expect(muster.composer).toHaveValue("");
});

test("files stay with the draft over a reload", async ({ page, muster }) => {
  await muster.readyToChat();
  await choose(page, image);
  await expect(attached(page)).not.toContainText("Uploading");
  await muster.composer.fill("attachments");
  await page.reload();
  await expect(attached(page)).toContainText("dot.png");
  await muster.composer.press("Enter");
  await expect(muster.reply).toContainText(digest(PNG));
  await expect(page.getByRole("button", { name: "Remove dot.png" })).toHaveCount(0);
});

test("what cannot be attached says so in place and holds the message back", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  const send = page.getByRole("button", { name: "Send", exact: true });
  const pdf = Buffer.from("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "latin1");
  for (const [name, buffer, reason] of [
    ["paper.pdf", pdf, "Only images"],
    ["large.txt", Buffer.alloc(10 * 1024 * 1024 + 1, "x"), "Larger than 10 MB."],
    ["empty.txt", Buffer.alloc(0), "The file is empty."],
  ] as const) {
    await choose(page, { name, mimeType: "application/octet-stream", buffer });
    await expect(attached(page).getByRole("alert")).toContainText(reason);
    await muster.composer.fill("echo still here");
    await expect(send).toBeDisabled();
    await page.getByRole("button", { name: `Remove ${name}` }).click();
    await expect(send).toBeEnabled();
  }
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("option", { name: /slow/ }).click();
  await choose(page, image);
  await expect(page.getByText("Demo, slow takes no images.")).toBeVisible();
  await expect(send).toBeDisabled();
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("option", { name: /fast/ }).click();
  await expect(send).toBeEnabled();
});

test("a waiting message keeps its files when it is edited, and a failed one is sent with them", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send("hang");
  await expect(muster.reply).toContainText("Working");
  await choose(page, notes);
  await expect(attached(page)).not.toContainText("Uploading");
  await page.route("**/messages", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  await muster.send("echo first words");
  await expect(page.getByText(/^Not sent/)).toBeVisible();
  await page.unroute("**/messages");
  await page.getByRole("button", { name: "Send again", exact: true }).click();
  const queue = page.getByRole("region", { name: "1 message waits" });
  await expect(queue).toContainText("1 file attached");
  await queue.getByRole("button", { name: "Edit message" }).click();
  await page.getByRole("textbox", { name: "Edit message" }).fill("attachments");
  await page.getByRole("button", { name: "Save message" }).click();
  await page.getByRole("button", { name: "Stop “hang”" }).click();
  await expect(muster.reply).toContainText(digest(NOTES));
});
