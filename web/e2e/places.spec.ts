import type { Page } from "@playwright/test";
import { expect, test } from "./stack";

for (const [what, place, notice] of [
  ["session", "session=gone", "That session is not there any more."],
  ["worker", "machine=gone&worker=gone", "That worker is not there any more."],
  ["machine", "machine=gone", "That machine is not there any more."],
] as const)
  test(`an address of a ${what} that is gone leads to the start, and says so`, async ({
    page,
    muster,
  }) => {
    await muster.signUp();
    await muster.addMachine("laptop");
    await page.goto(`/app?${place}`);
    await expect(page.getByText(notice)).toBeVisible();
    await expect(page).toHaveURL(/\/app$/);
    await expect(page.getByRole("navigation").getByText("laptop")).toBeVisible();
  });

test("an address of what was deleted, or is somebody else's, leads to the start, and says so", async ({
  page,
  muster,
  browser,
  baseURL,
}) => {
  const gone = (on: Page, what: string) =>
    expect(on.getByText(`That ${what} is not there any more.`)).toBeVisible();
  await muster.readyToChat();
  await muster.send("echo between the two of us");
  await expect(muster.reply).toContainText("between the two of us");
  const session = page.url();
  await page
    .getByRole("navigation")
    .getByRole("button", { name: /^online laptop/ })
    .click();
  await expect(page).toHaveURL(/machine=/);
  const machine = page.url();

  const context = await browser.newContext({ locale: "en-GB", ...(baseURL && { baseURL }) });
  const other = muster.as(await context.newPage());
  await other.signUp();
  for (const [address, what] of [
    [session, "session"],
    [machine, "machine"],
  ] as const) {
    await other.page.goto(address);
    await gone(other.page, what);
    await expect(other.page).toHaveURL(/\/app$/);
    await expect(other.page.getByText("between the two of us")).toHaveCount(0);
  }
  await context.close();

  await page.goto(session);
  await page.getByRole("button", { name: "Session menu" }).click();
  await page.getByRole("menuitem", { name: "Delete session" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete session" }).click();
  await expect(page).not.toHaveURL(/session=/);
  await page.goto(session);
  await gone(page, "session");
  await page.getByRole("navigation").getByRole("button", { name: "Menu of laptop" }).click();
  await page.getByRole("menuitem", { name: "Delete machine" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete machine" }).click();
  const none = page.getByRole("heading", { name: "Bring your first machine on board" });
  await expect(none).toBeVisible();
  await page.goto(machine);
  await gone(page, "machine");
  await expect(none).toBeVisible();
});

test("the tab is called after what it shows", async ({ page, muster }) => {
  await muster.readyToChat();
  await expect(page).toHaveTitle("orchard · Muster");
  await muster.send("echo a title");
  await expect(page).toHaveTitle("echo a title · Muster");
  const machine = page.getByRole("navigation").getByRole("button", { name: /^online laptop/ });
  await machine.click();
  await expect(page).toHaveTitle("laptop · Muster");
  for (const [address, title] of [
    ["/app", "Start"],
    ["/settings", "Settings"],
    ["/activity", "Activity"],
  ] as const) {
    await page.goto(address);
    await expect(page).toHaveTitle(`${title} · Muster`);
  }
});

test("the login stays where it is when the ways in come late", async ({ page }) => {
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/api/v1/auth/methods", async (route) => {
    await asked;
    const oidc = [{ provider: "example", name: "Example" }];
    const methods = { password: true, passkeys: false, registration: "open", oidc };
    await route.fulfill({ json: methods });
  });
  await page.goto("/login");
  const title = page.getByRole("heading", { level: 1 });
  await expect(title).toBeVisible();
  await page.evaluate(() => document.fonts.ready);
  const before = await title.boundingBox();
  answer();
  await expect(page.getByRole("link", { name: "Create account" })).toBeVisible();
  expect(await title.boundingBox()).toEqual(before);
});

for (const [name, viewport, zoom] of [
  ["360 px", { width: 360, height: 740 }, 1],
  ["2560 px", { width: 2560, height: 1440 }, 1],
  ["twice the text", { width: 1280, height: 800 }, 2],
] as const)
  test(`nothing is wider than the page: ${name}`, async ({ page, muster }) => {
    await page.setViewportSize(viewport);
    await page.addInitScript((zoom) => {
      addEventListener("DOMContentLoaded", () => {
        document.documentElement.style.fontSize = `${16 * zoom}px`;
      });
    }, zoom);
    const fits = async () =>
      expect
        .poll(() =>
          page.evaluate(() => {
            const edge = document.documentElement.clientWidth;
            const wide = [...document.querySelectorAll("main, form, [role=log], textarea, header")];
            return [
              document.documentElement.scrollWidth > edge && "the page scrolls",
              ...wide.map((el) => el.getBoundingClientRect().right > edge + 1 && el.outerHTML),
            ].filter(Boolean);
          }),
        )
        .toEqual([]);
    await page.goto("/login");
    await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
    await fits();
    await muster.readyToChat();
    await muster.send("a first look");
    await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
    await fits();
    await page.goto("/settings");
    await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
    await fits();
  });
