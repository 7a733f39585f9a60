import type { Page } from "@playwright/test";
import { ExampleProvider } from "./provider";
import { expect, test, unusedName } from "./stack";

let provider: ExampleProvider;

test.beforeAll(async ({ baseURL }) => {
  provider = await ExampleProvider.start(baseURL ?? "");
});
test.afterAll(() => provider.stop());

async function signInThere(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Sign in there" }).click();
}

const fromLogin = (page: Page) => page.getByRole("link", { name: "Continue with Example" }).click();

test("a sign-in at the provider makes an account, and is the same one again", async ({
  page,
  muster,
}) => {
  const name = unusedName();
  await page.goto("/app?machine=none");
  await fromLogin(page);
  await signInThere(page, name);
  // Back where the way led to: the address says so only until it is known that nothing is there.
  await expect(page.getByText("That machine is not there any more.")).toBeVisible({
    timeout: 60_000,
  });
  expect(await muster.username()).toBe(name);
  const me = async () => (await page.request.get("/api/v1/auth/me")).json() as Promise<unknown>;
  const first = await me();
  await muster.signOut();
  await fromLogin(page);
  await page.waitForURL("**/app**");
  expect(await me()).toEqual(first);
});

test("going back at the provider ends at the login, with words", async ({ page }) => {
  await page.goto("/login");
  await fromLogin(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("alert")).toContainText("You went back before you were signed in");
  await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
});

test("an answer that is not of this attempt signs nobody in, and ends it", async ({ page }) => {
  await page.goto("/login");
  await fromLogin(page);
  await expect(page.getByLabel("Name")).toBeVisible();
  const there = page.url();
  await page.goto("/api/v1/auth/oidc/sso/callback?code=guessed&state=guessed");
  await expect(page.getByRole("alert")).toContainText("Start again");
  await page.goto(there);
  await signInThere(page, unusedName());
  await expect(page.getByRole("alert")).toContainText("Start again");
  expect((await page.request.get("/api/v1/auth/me")).status()).toBe(401);
});

test("a person links an account, signs in by it, and unlinks it", async ({ page, muster }) => {
  const [name, there] = [await muster.signUp(), unusedName()];
  await page.goto("/settings");
  await page.getByRole("button", { name: "Link Example" }).click();
  await signInThere(page, there);
  const linked = page.getByRole("list", { name: "Linked accounts" }).getByRole("listitem");
  await expect(linked).toContainText(there);
  await muster.signOut();
  await fromLogin(page);
  await page.waitForURL("**/app**");
  expect(await muster.username()).toBe(name);
  await page.goto("/settings");
  await linked.getByRole("button", { name: "Unlink" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Unlink" }).click();
  await expect(linked).toHaveCount(0);
  await muster.signOut();
  await fromLogin(page);
  await page.waitForURL("**/app**");
  expect(await muster.username(), "somebody new").toBe(there);
});

test("the last way in stays until there is a password", async ({ page, muster }) => {
  const name = unusedName();
  await page.goto("/login");
  await fromLogin(page);
  await signInThere(page, name);
  await page.waitForURL("**/app**");
  await page.goto("/settings");
  const linked = page.getByRole("list", { name: "Linked accounts" }).getByRole("listitem");
  const unlink = async () => {
    await linked.getByRole("button", { name: "Unlink" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Unlink" }).click();
  };
  await unlink();
  await expect(page.getByText("This is the last way in which you can sign in")).toBeVisible();
  await expect(linked).toHaveCount(1);
  await page.getByRole("button", { name: "Set a password" }).click();
  await page.getByLabel("New password").fill("correct horse battery");
  await page.getByRole("button", { name: "Set a password" }).last().click();
  await expect(page.getByRole("button", { name: "Change password" })).toBeVisible();
  await unlink();
  await expect(linked).toHaveCount(0);
  await muster.signOut();
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL("**/app**");
});

for (const [locale, words] of [
  ["en-GB", "needs an invitation"],
  ["de-DE", "eine Einladung"],
] as const)
  test.describe(`in ${locale}`, () => {
    test.use({ locale });
    test("the login says why nobody was let in", async ({ page }) => {
      await page.goto("/login?problem=invitation-needed");
      await expect(page.getByRole("alert")).toContainText(words);
      await page.goto("/login?problem=made-up");
      await expect(page.getByRole("alert")).toBeVisible();
    });
  });
