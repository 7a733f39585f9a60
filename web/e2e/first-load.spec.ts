import type { Route } from "@playwright/test";
import { expect, test } from "./stack";

const ASKED = ["/auth/me", "/machines", "/sessions", "/requests"];

test("what the first screen shows is asked for ahead of its program, once, and needs no event stream", async ({
  muster,
  page,
}) => {
  await muster.signUp();
  // What this page still asks for is not what is counted.
  await page.goto("about:blank");
  // A tab without it holds the event stream by itself, where it can be kept from it.
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  await page.route("**/api/v1/events", () => undefined);
  const asked: string[] = [];
  const all = new Promise<void>((resolve) =>
    page.on("request", (request) => {
      const path = new URL(request.url()).pathname.replace("/api/v1", "");
      if (ASKED.includes(path)) asked.push(path);
      if (ASKED.every((path) => asked.includes(path))) resolve();
    }),
  );
  await page.route("**/assets/*.js", async (route: Route) => {
    await all;
    await route.continue();
  });
  await page.goto("/app");
  await expect(
    page.getByRole("heading", { name: "Bring your first machine on board" }),
  ).toBeVisible();
  expect(asked.toSorted()).toEqual(ASKED.toSorted());
});

test("the workers of a machine are asked for ahead as well, and there with the rest", async ({
  page,
}) => {
  const answers: Record<string, object> = {
    "/auth/me": { userId: "u", username: "ada", role: "member", hasPassword: true },
    "/machines": [
      {
        machineId: "m",
        name: "laptop",
        status: "online",
        workerCounts: { online: 1, offline: 0, pending: 0 },
      },
    ],
    "/machines/m/workers": [
      {
        workerId: "w",
        machineId: "m",
        name: "orchard",
        status: "online",
        presence: "known",
        registrations: [],
        models: [],
      },
    ],
    "/sessions": [],
    "/requests": [],
  };
  let ask: (path: string) => void = () => undefined;
  const asked = new Promise<string>((resolve) => {
    ask = (path) => path === "/machines/m/workers" && resolve(path);
  });
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  await page.route("**/api/v1/**", async (route) => {
    const path = new URL(route.request().url()).pathname.replace("/api/v1", "");
    ask(path);
    const answer = answers[path];
    const json = Array.isArray(answer) ? { items: answer as object[], nextCursor: null } : answer;
    // The event stream, which nothing here needs.
    if (json !== undefined) await route.fulfill({ json });
  });
  await page.route("**/assets/*.js", async (route: Route) => {
    await asked;
    await route.continue();
  });
  await page.goto("/app");
  const worker = page.getByRole("main").getByRole("button", { name: /orchard/ });
  await expect(worker).toBeVisible();
});

test("the frame of the app is there before its program, and on no other address", async ({
  page,
}) => {
  await page.route("**/assets/*.js", () => undefined);
  const frame = page.locator("#root").getByText("Muster");
  await page.goto("/app", { waitUntil: "commit" });
  await expect(frame).toBeVisible();
  for (const other of ["/settings", "/shared/x", "/login"]) {
    await page.goto(other, { waitUntil: "commit" });
    await expect(frame).toBeAttached();
    await expect(frame).toBeHidden();
  }
});

for (const [address, own, others] of [
  ["/app", /\/app-/, /\/(door|forms)-/],
  ["/login", /\/door-/, /\/app-/],
] as const)
  test(`the page at ${address} itself names the program there, and not the other one`, async ({
    request,
  }) => {
    const html = await (await request.get(address)).text();
    const named = html.match(/<link rel="modulepreload"[^>]*>/g) ?? [];
    expect(named.filter((link) => own.test(link))).not.toEqual([]);
    expect(named.filter((link) => others.test(link))).toEqual([]);
  });

test("a program that does not come says so, and comes when it is asked for again", async ({
  page,
}) => {
  await page.route("**/assets/door-*.js", (route: Route) => route.abort());
  await page.goto("/login");
  await expect(page.getByRole("alert")).toContainText("This page hit an error");
  await page.unroute("**/assets/door-*.js");
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});
