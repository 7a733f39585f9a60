import type { Page } from "@playwright/test";
import { expect, test } from "./stack";

/** What Chromium's push service would bring. */
async function deliver(page: Page, origin: string, notice: object): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const [registration] = registrations;
      if (registration !== undefined) resolve(registration.registrationId);
    });
  });
  await session.send("ServiceWorker.enable");
  await session.send("ServiceWorker.deliverPushMessage", {
    origin,
    registrationId: await registered,
    data: JSON.stringify(notice),
  });
}

const shown = async (page: Page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const notifications = await registration.getNotifications();
    return notifications.map(({ title, body, tag }) => ({ title, body, tag }));
  });

test("a notice is shown to whom does not look, in the page's words, and once for each session", async ({
  page,
  context,
  muster,
}) => {
  await context.grantPermissions(["notifications"]);
  await muster.signUp();
  await page.evaluate(() => navigator.serviceWorker.ready);
  const words = () => page.evaluate(async () => (await caches.match("/notice-words"))?.ok);
  await expect.poll(words, "the page has left its words").toBe(true);
  const { origin } = new URL(page.url());
  const notice = { kind: "done", title: "Mend the flaky test", workerId: "w", chatSessionId: "s" };
  await deliver(page, origin, notice);
  expect(await shown(page), "the page is looked at").toEqual([]);

  await page.goto("about:blank");
  await deliver(page, origin, notice);
  await deliver(page, origin, { ...notice, kind: "needs_you" });
  await page.goto("/login");
  await expect
    .poll(() => shown(page))
    .toEqual([{ title: notice.title, body: "The agent asks you something.", tag: "s" }]);
});

test("a click on a notice leads to its session, within the page that is open", async ({
  page,
  context,
  muster,
}) => {
  await context.grantPermissions(["notifications"]);
  await muster.readyToChat();
  await muster.send("echo plums in a bowl");
  await expect(muster.reply).toContainText("plums in a bowl");
  const place = new URL(page.url());
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.getByRole("navigation").getByRole("button", { name: "Muster" }).click();
  await expect(muster.reply).toBeHidden();
  await page.evaluate(() => Object.assign(window, { sameAsBefore: true }));

  const worker =
    context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker", { timeout: 0 }));
  // No system shows the notice here, for somebody to click on it: what it would do then is played, the rest is real.
  await worker.evaluate(
    async (notice) => {
      const scope = self as unknown as {
        placeOf: (worker: string | null, session: string | null) => string;
        registration: ServiceWorkerRegistration;
        WindowClient: { prototype: { focus: () => Promise<unknown> } };
        NotificationEvent: new (type: string, init: object) => Event;
      };
      scope.WindowClient.prototype.focus = () => Promise.resolve();
      const data = { place: scope.placeOf(notice.worker, notice.session) };
      await scope.registration.showNotification("Muster", { tag: "t", data });
      const [notification] = await scope.registration.getNotifications({ tag: "t" });
      self.dispatchEvent(new scope.NotificationEvent("notificationclick", { notification }));
    },
    { worker: place.searchParams.get("worker"), session: place.searchParams.get("session") },
  );
  await expect(muster.reply).toContainText("plums in a bowl");
  expect(await page.evaluate(() => "sameAsBefore" in window), "it is not loaded anew").toBe(true);
});

test("the page can be installed", async ({ page }) => {
  await page.goto("/login");
  const session = await page.context().newCDPSession(page);
  const { errors, data } = await session.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  expect(JSON.parse(data ?? "{}")).toMatchObject({ name: "Muster", start_url: "/app" });
});

/** No push service can be reached here: the browser's own part is played, the rest is real. */
async function playPushService(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const KEPT = "played.push";
    const subscription = () =>
      ({
        toJSON: () => JSON.parse(localStorage.getItem(KEPT) ?? "") as PushSubscriptionJSON,
        unsubscribe: () => {
          localStorage.removeItem(KEPT);
          return Promise.resolve(true);
        },
      }) as PushSubscription;
    const bytes = (text: string) =>
      btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    PushManager.prototype.getSubscription = () =>
      Promise.resolve(localStorage.getItem(KEPT) === null ? null : subscription());
    PushManager.prototype.subscribe = (options) => {
      const key = options?.applicationServerKey;
      if (typeof key !== "string" || key.length !== 87) return Promise.reject(new Error("no key"));
      const keys = { p256dh: key, auth: bytes("sixteen bytes ok") };
      const endpoint = `https://fcm.googleapis.com/fcm/send/${Math.random()}`;
      localStorage.setItem(KEPT, JSON.stringify({ endpoint, keys }));
      return Promise.resolve(subscription());
    };
  });
}

const turnOn = (page: Page) => page.getByRole("button", { name: "Notify me on this device" });
const turnOff = (page: Page) => page.getByRole("button", { name: "Stop notifying me on this" });

test("a browser subscribes with the server's key, and stops", async ({ page, context, muster }) => {
  await context.grantPermissions(["notifications"]);
  await playPushService(page);
  await muster.signUp();
  await page.goto("/settings");
  await turnOn(page).click();
  await expect(page.getByText("This device will be notified")).toBeVisible();
  await turnOff(page).click();
  await expect(turnOn(page)).toBeVisible();
});

test("notices end with signing out, and go on for whoever was only signed out elsewhere", async ({
  page,
  context,
  muster,
}) => {
  await context.grantPermissions(["notifications"]);
  await playPushService(page);
  const name = await muster.signUp();
  await page.goto("/settings");
  await turnOn(page).click();
  await expect(turnOff(page)).toBeVisible();

  const { origin } = new URL(page.url());
  const elsewhere = await page.request.post("/api/v1/auth/logout", { headers: { origin } });
  expect(elsewhere.ok()).toBe(true);
  // By itself: whatever is opened before that is broken off.
  await page.waitForURL("**/login**");
  await muster.signIn(name);
  await expect
    .poll(async () => (await page.request.get("/api/v1/push/key")).text())
    .toContain('"subscriptionId":"');
  await page.goto("/settings");
  await expect(turnOff(page)).toBeVisible();

  await muster.signOut();
  await muster.signIn(name);
  await page.goto("/settings");
  await expect(turnOn(page)).toBeVisible();
});
