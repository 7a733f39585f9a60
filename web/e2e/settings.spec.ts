import { expect, test } from "./stack";

test("a token is shown once, lets a program in, and is gone when it is deleted", async ({
  page,
  muster,
  baseURL,
}) => {
  await muster.signUp();
  await page.goto("/settings");
  await page.getByRole("button", { name: "New token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "New token" }).click();
  await expect(dialog.getByText("Give it a name")).toBeVisible();
  await dialog.getByLabel("Name").fill("backup script");
  await dialog.getByRole("button", { name: "New token" }).click();
  const secret = (await dialog.getByText(/^muster_[\w-]+$/).textContent()) ?? "";
  await dialog.getByRole("button", { name: "Done" }).click();
  const program = async () => {
    const headers = { Authorization: `Bearer ${secret}` };
    return (await fetch(`${baseURL ?? ""}/api/v1/machines`, { headers })).status;
  };
  expect(await program()).toBe(200);
  const item = page.getByRole("listitem").filter({ hasText: "backup script" });
  await item.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await expect(item).toBeHidden();
  expect(await program()).toBe(401);
});

test("settings say which version the server is of", async ({ page, muster, request }) => {
  await muster.signUp();
  await page.goto("/settings");
  const server = (await (await request.get("/api/v1/server")).json()) as { version: string };
  await expect(page.getByText(`Muster ${server.version}`, { exact: true })).toBeVisible();
});

test("an administrator disables an account, which is out at once, and enables it again", async ({
  page,
  muster,
  browser,
  baseURL,
}) => {
  const name = await muster.signUp();
  const context = await browser.newContext({ baseURL: baseURL ?? "" });
  const admin = muster.as(await context.newPage());
  await admin.signInAsAdmin();
  await admin.page.goto("/settings");
  const person = admin.page.getByRole("listitem").filter({ hasText: name });
  // One that is busy may have no more to show, and goes.
  const more = admin.page.getByRole("button", { name: "Show more", disabled: false });
  await expect(async () => {
    if (await more.isVisible()) await more.click();
    await expect(person).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 20_000 });
  await person.getByRole("button", { name: `Menu of ${name}` }).click();
  await admin.page.getByRole("menuitem", { name: "Disable" }).click();
  await expect(person).toContainText("disabled");
  await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
  await person.getByRole("button", { name: `Menu of ${name}` }).click();
  await admin.page.getByRole("menuitem", { name: "Enable" }).click();
  await expect(person).not.toContainText("disabled");
  await context.close();
});

test("an invitation's link leads to the form, and is used up or taken back", async ({ muster }) => {
  await muster.signInAsAdmin();
  const { page } = muster;
  await page.goto("/settings");
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const link = page.getByRole("dialog").getByText(/\/register\?invitation=/);
  await expect(link).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
  const open = page.getByRole("list", { name: "Open invitations" }).getByRole("listitem");
  await expect(open).toHaveCount(1);
  await open.getByRole("button", { name: "Take back" }).click();
  await expect(open).toHaveCount(0);
});
