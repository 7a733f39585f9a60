import type { Page } from "@playwright/test";
import { expect, test } from "./stack";

/** What is focused; nothing, when the focus is lost to the page itself. */
const focused = (page: Page) => page.locator(":focus:not(body)");

/** The focus is somewhere, and seen there. */
async function seesFocus(page: Page): Promise<void> {
  await expect(focused(page)).toHaveCount(1);
  const isSeen = () =>
    focused(page).evaluate((el) => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = "var(--signal)";
      const signal = getComputedStyle(probe).color;
      probe.remove();
      // A field may leave it to the box that it is in.
      for (let at: Element | null = el; at?.matches(":focus-within"); at = at.parentElement) {
        const { outlineStyle, outlineWidth, borderColor } = getComputedStyle(at);
        if (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) return true;
        if (borderColor === signal) return true;
      }
      // What is chosen among others shows as chosen.
      const chosen = "[data-highlighted]:focus, [role=option][aria-selected=true]";
      return document.querySelector(chosen) !== null;
    });
  await expect.poll(isSeen, { message: "the focus is seen" }).toBe(true);
}

/** Goes on by Tab until this is focused; the focus is seen at each step. */
async function tabTo(page: Page, name: RegExp | string, key = "Tab"): Promise<void> {
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press(key);
    const label = await focused(page).evaluate(
      (el) => el.getAttribute("aria-label") ?? el.textContent,
    );
    await seesFocus(page);
    if (typeof name === "string" ? label.trim() === name : name.test(label)) return;
  }
  throw new Error(`no way leads to ${name}`);
}

test("with the keyboard alone one signs in, talks, answers, stops and signs out, and always sees where one is", async ({
  page,
  muster,
}) => {
  test.slow();
  const name = await muster.signUp();
  await muster.addMachine("laptop");
  await muster.approveWorker();
  await muster.send("echo before");
  await expect(muster.reply).toContainText("before");
  await muster.signOut();

  await page.getByLabel("User name").focus();
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await seesFocus(page);
  await page.keyboard.type("correct horse battery");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/app**");
  await expect(page.getByRole("navigation").getByText("laptop")).toBeVisible();

  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog").getByRole("combobox")).toBeFocused();
  await page.keyboard.type("before");
  await expect(
    page.getByRole("option", { name: /echo before/, selected: true }).first(),
  ).toBeVisible();
  await seesFocus(page);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(muster.composer).toBeFocused();
  await seesFocus(page);

  await page.keyboard.type("ask");
  await page.keyboard.press("Enter");
  const permission = page.getByRole("log").getByRole("region", { name: /^Permission/ });
  await expect(permission.getByRole("button", { name: "Allow once" })).toBeVisible();
  await tabTo(page, "Allow once", "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(muster.reply).toContainText("You allowed it once.");
  await seesFocus(page);

  await tabTo(page, "Show details", "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("complementary", { name: "Details" })).toBeVisible();
  await seesFocus(page);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("complementary", { name: "Details" })).toBeHidden();

  await tabTo(page, "Session menu");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu")).toBeVisible();
  await seesFocus(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Session menu" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem").first()).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByLabel("Name")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByRole("button", { name: "Session menu" })).toBeFocused();
  await seesFocus(page);

  await page.keyboard.press("/");
  await expect(muster.composer).toBeFocused();
  await page.keyboard.type("hang");
  await page.keyboard.press("Enter");
  await expect(muster.reply).toContainText("Waiting until you stop me.");
  await tabTo(page, "Stop “hang”");
  await page.keyboard.press("Enter");
  await expect(muster.reply.getByText("You stopped this reply.")).toBeVisible();
  await seesFocus(page);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("sign out");
  await expect(page.getByRole("option", { name: /Sign out/, selected: true })).toBeVisible();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/login**");
});

test("J and K lead through the sessions, and write nothing into them", async ({ page, muster }) => {
  await muster.readyToChat();
  for (const word of ["first", "second"]) {
    await page.getByRole("button", { name: "New session on orchard" }).click();
    await expect(page.getByText("What should orchard work on?")).toBeVisible();
    await muster.send(`echo ${word}`);
    await expect(muster.reply).toContainText(word);
    await expect(page.getByRole("heading", { name: `echo ${word}` })).toBeVisible();
  }
  await page.getByRole("log").focus();
  for (const [key, word] of [
    ["j", "first"],
    ["k", "second"],
    ["j", "first"],
  ] as const) {
    await page.keyboard.press(key);
    await expect(page.getByRole("heading", { name: `echo ${word}` })).toBeVisible();
    await expect(muster.composer).toHaveValue("");
    await expect(page.locator("[data-session]").filter({ hasText: word })).toBeFocused();
    await seesFocus(page);
  }
});
