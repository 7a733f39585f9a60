import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./stack";

async function check(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  expect(found).toEqual([]);
}

/** From the smallest phone to the largest screen. */
const WIDTHS = [360, 390, 768, 1440, 2560];

/** Nothing is wider than the page, however wide that is. */
async function fitsAndPasses(page: Page): Promise<void> {
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const wider = () =>
      page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
    await expect.poll(wider, { message: `at ${width} px` }).toBeLessThanOrEqual(0);
  }
  if (before !== null) await page.setViewportSize(before);
  await check(page);
}

for (const colorScheme of ["light", "dark"] as const)
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme, reducedMotion: "reduce" });

    test.slow();

    test("login, empty state and settings pass axe", async ({ page, muster }) => {
      await page.goto("/login");
      await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
      await fitsAndPasses(page);
      await muster.signUp();
      await fitsAndPasses(page);
      await page.goto("/settings");
      await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
      await fitsAndPasses(page);
      await page.goto("/activity");
      await expect(page.getByText("Made the account")).toBeVisible();
      await check(page);
    });

    test("sessions, details, inbox and palette pass axe", async ({ page, muster }) => {
      await muster.readyToChat();
      await check(page);
      await muster.send("tool");
      await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
      await check(page);
      await muster.send("ask");
      await expect(
        page.getByRole("log").getByRole("region", { name: /^Permission/ }),
      ).toBeVisible();
      await page.getByRole("button", { name: "Show details" }).click();
      await check(page);
      await page.goto("/app");
      await expect(page.getByRole("heading", { name: "1 thing needs you" })).toBeVisible();
      await fitsAndPasses(page);
      await page.keyboard.press("Control+k");
      await expect(page.getByRole("dialog")).toBeVisible();
      await fitsAndPasses(page);
    });

    test("dialogs, the machine page and its permissions pass axe", async ({ page, muster }) => {
      await muster.readyToChat();
      await page.getByRole("button", { name: /^online laptop/ }).click();
      await page.getByRole("button", { name: /^Connected now. orchard/ }).click();
      await expect(page.getByText("laptop", { exact: true }).first()).toBeVisible();
      await fitsAndPasses(page);
      await page.getByRole("main").getByRole("button", { name: "Add worker" }).first().click();
      await check(page);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Delete machine" }).click();
      await expect(page.getByRole("alertdialog")).toBeVisible();
      await check(page);
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog")).toBeVisible();
      await check(page);
    });

    test("drawer, details and model menu pass axe on a phone", async ({ page, muster }) => {
      await muster.readyToChat();
      await muster.send("tool");
      await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
      await page.setViewportSize({ width: 390, height: 844 });
      for (const [opener, sheet] of [
        ["Open machines and sessions", "Machines and sessions"],
        ["Show details", "Details"],
      ] as const) {
        const button = page.getByRole("button", { name: opener });
        await button.click();
        const dialog = page.getByRole("dialog", { name: sheet });
        await expect(dialog).toBeVisible();
        await check(page);
        await dialog.getByRole("button", { name: "Close" }).click();
        await expect(dialog).toBeHidden();
        await expect(button).toBeFocused();
      }
      await page.getByRole("button", { name: /^Model: / }).click();
      await expect(page.getByPlaceholder("Find a model")).toBeVisible();
      await check(page);
    });

    test("what is shared, an invitation, and what leads nowhere pass axe", async ({
      page,
      muster,
    }) => {
      await page.goto("/register?invitation=none");
      await expect(page.getByRole("button", { name: "Create account" })).toBeVisible();
      await fitsAndPasses(page);
      await page.goto("/shared/nothing");
      await expect(page.getByText("This link leads nowhere any more")).toBeVisible();
      await fitsAndPasses(page);
      await muster.readyToChat();
      await muster.send("tool");
      await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
      await fitsAndPasses(page);
      await page.getByRole("button", { name: "Session menu" }).click();
      await page.getByRole("menuitem", { name: "Share…" }).click();
      const dialog = page.getByRole("dialog", { name: "Share this session" });
      await check(page);
      await dialog.getByRole("button", { name: "Make link" }).click();
      const link = (await dialog.getByText(/\/shared\//).textContent()) ?? "";
      await page.goto(new URL(link).pathname);
      await expect(page.getByRole("heading", { name: "tool" })).toBeVisible();
      await fitsAndPasses(page);
      await page.goto("/activity");
      await expect(page.getByText("Made the account")).toBeVisible();
      await fitsAndPasses(page);
      await page.goto("/nowhere");
      await expect(page.getByText("There is nothing here")).toBeVisible();
      await fitsAndPasses(page);
      // An answer that nobody has thought of.
      await page.route("**/api/v1/auth/me", (route) => route.fulfill({ status: 500, body: "" }));
      await page.goto("/app");
      await expect(page.getByText("This page hit an error")).toBeVisible();
      await fitsAndPasses(page);
    });
  });
