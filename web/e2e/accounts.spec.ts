import { expect, test } from "./stack";

test("a visit without a sign-in ends at the login and goes on where it wanted to", async ({
  page,
  muster,
}) => {
  await page.goto("/app?machine=none");
  await page.waitForURL("**/login**");
  await page.getByLabel("User name").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill("certainly wrong");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("wrong");
  await muster.signInAsAdmin();
  await expect(page.getByRole("navigation", { name: "Machines and sessions" })).toBeVisible();
});

test("whoever is signed out elsewhere is told so, and finds the draft again", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  const name = await muster.username();
  await muster.send("echo kept");
  await expect(muster.reply).toContainText("kept");
  await muster.composer.fill("half a thought");
  const address = page.url();
  const { origin } = new URL(address);
  const elsewhere = await page.request.post("/api/v1/auth/logout", { headers: { origin } });
  expect(elsewhere.ok()).toBe(true);
  await page.waitForURL("**/login**");
  await expect(page.getByRole("alert")).toContainText("You were signed out.");
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL(address);
  await expect(muster.composer).toHaveValue("half a thought");
});

test("whoever signs out here needs no words about it", async ({ page, muster }) => {
  await muster.signUp();
  await expect(page.getByText("Live")).toBeAttached();
  await muster.signOut();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("the form names what is missing", async ({ page }) => {
  await page.goto("/register");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByLabel("User name")).toHaveAttribute("aria-invalid", "true");
});

test("one user sees nothing of another", async ({ page, muster, browser, baseURL }) => {
  await muster.signUp();
  await muster.addMachine("only mine");
  const address = page.url();
  const other = await browser.newContext({ ...(baseURL !== undefined && { baseURL }) });
  const otherPage = await other.newPage();
  await otherPage.goto("/register");
  await otherPage.getByLabel("User name").fill(`other${Date.now().toString(36)}`);
  await otherPage.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await otherPage.getByRole("button", { name: "Create account" }).click();
  await otherPage.waitForURL("**/app**");
  await otherPage.goto(address);
  await expect(otherPage.getByText("That machine is not there any more.")).toBeVisible();
  await expect(otherPage.getByText("only mine")).toHaveCount(0);
  await other.close();
});

test("two people at one computer see each only their own", async ({ page, muster }) => {
  test.slow();
  await muster.readyToChat();
  await muster.send("echo a secret of the first");
  await expect(muster.reply).toContainText("a secret of the first");
  await muster.composer.fill("a draft of the first");
  const address = page.url();
  await page.goto("/settings");
  const signOut = page.getByRole("button", { name: "Sign out" }).first();
  await signOut.click();
  const sure = page.getByRole("alertdialog", { name: "Sign out and lose what was not sent?" });
  await sure.getByRole("button", { name: "Cancel" }).click();
  await expect(sure).toBeHidden();
  await expect(signOut).toBeFocused();
  await signOut.click();
  await sure.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/login**");
  await muster.signUp();
  await expect(
    page.getByRole("heading", { name: "Bring your first machine on board" }),
  ).toBeVisible();
  await page.goto(address);
  await expect(page.getByText("That session is not there any more.")).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("secret");
  await expect(page.getByRole("dialog").getByText("Nothing fits.")).toBeVisible();
  await expect(page.getByText("of the first")).toHaveCount(0);
  const kept = await page.evaluate(() => JSON.stringify(Object.entries(localStorage)));
  expect(kept, "nor does the browser keep it").not.toContain("of the first");
});

test("signing out ends at the login", async ({ page, muster }) => {
  await muster.signUp();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await page.waitForURL("**/login**");
  await page.goto("/app");
  await page.waitForURL("**/login**");
});
