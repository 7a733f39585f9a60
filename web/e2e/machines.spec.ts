import { expect, test } from "./stack";

test("no machine: the empty state leads to the first one, and a blank name is refused", async ({
  page,
  muster,
}) => {
  await muster.signUp();
  await expect(
    page.getByRole("heading", { name: "Bring your first machine on board" }),
  ).toBeVisible();
  await page.getByRole("main").getByRole("button", { name: "Add machine" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("   ");
  await dialog.getByRole("button", { name: "Add machine" }).click();
  await expect(dialog.getByRole("alert")).toHaveText("Give the machine a name.");
  await dialog.getByLabel("Name").fill("laptop");
  await dialog.getByRole("button", { name: "Add machine" }).click();
  await expect(page.getByText("laptop was added")).toBeVisible();
  await expect(page.getByRole("navigation").getByText("laptop")).toBeVisible();
});

test("the row and its menu show state and counts, rename, and delete after asking", async ({
  page,
  muster,
}) => {
  await muster.signUp();
  await muster.addMachine("laptop");
  const rail = page.getByRole("navigation", { name: "Machines and sessions" });
  await expect(rail.getByRole("img", { name: "offline" })).toBeVisible();
  await expect(rail.getByText("0 online, 0 offline")).toBeAttached();
  await rail.getByRole("button", { name: "Menu of laptop" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("desk");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(rail.getByText("desk")).toBeVisible();
  await rail.getByRole("button", { name: "Menu of desk" }).click();
  await page.getByRole("menuitem", { name: "Delete machine" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete machine" }).click();
  await expect(
    page.getByRole("heading", { name: "Bring your first machine on board" }),
  ).toBeVisible();
});

test("a machine added in one tab appears in another without a reload", async ({
  page,
  muster,
  context,
}) => {
  await muster.signUp();
  const second = await context.newPage();
  await second.goto("/app");
  await expect(second.getByText("Live")).toBeAttached();
  await muster.addMachine("laptop");
  await expect(second.getByRole("navigation").getByText("laptop")).toBeVisible();
  await expect(page.getByText("Live")).toBeAttached();
});
