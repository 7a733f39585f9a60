import type { CDPSession } from "@playwright/test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test as base } from "./stack";

/** Browsers make no passkeys for an address by number. */
const byName = (address: string) => address.replace("127.0.0.1", "localhost");

const test = base.extend<{ authenticator: Authenticator }>({
  baseURL: async ({ baseURL }, use) => use(byName(baseURL ?? "")),
  authenticator: [
    async ({ page }, use) => {
      await use(await Authenticator.of(await page.context().newCDPSession(page)));
    },
    { auto: true },
  ],
});

/** Chromium's virtual authenticator: a device with a fingerprint reader that is always touched. */
class Authenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  static async of(session: CDPSession): Promise<Authenticator> {
    await session.send("WebAuthn.enable");
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return new Authenticator(session, authenticatorId);
  }

  /** From now on the finger is, or is not, the right one. */
  async verifies(isUserVerified: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  }
}

test.beforeEach(async ({ page, muster }) => {
  await muster.signUp();
  await page.goto("/settings");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(page.getByRole("list", { name: "Passkeys" }).getByRole("listitem")).toHaveCount(1);
});

test("a passkey signs in without a name, is renamed and removed", async ({ page, muster }) => {
  const name = await muster.username();
  await muster.signOut();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL("**/app**");
  expect(await muster.username()).toBe(name);

  await page.goto("/settings");
  const passkey = page.getByRole("list", { name: "Passkeys" }).getByRole("listitem");
  await expect(passkey).toContainText(/Chrom.*used/s);
  await passkey.getByRole("button", { name: /^Menu of/ }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("thumb");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(passkey).toContainText("thumb");
  await passkey.getByRole("button", { name: "Menu of thumb" }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await expect(passkey).toHaveCount(0);
  await muster.signOut();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("alert")).toContainText("This passkey is not known here");
});

test("the same device is not added twice", async ({ page }) => {
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(page.getByText("This device has a passkey for your account already")).toBeVisible();
});

test("a finger that is not the right one signs nobody in", async ({
  page,
  muster,
  authenticator,
}) => {
  await muster.signOut();
  await authenticator.verifies(false);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("alert")).toContainText("No passkey was used");
  await authenticator.verifies(true);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL("**/app**");
});

test("another challenge than the server's is refused", async ({ page, muster }) => {
  await muster.signOut();
  await page.route(
    "**/auth/passkeys/login/options",
    async (route) => {
      const answer = await route.fetch();
      const options = (await answer.json()) as { challenge: string };
      await route.fulfill({ response: answer, json: { ...options, challenge: "A".repeat(22) } });
    },
    { times: 1 },
  );
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("alert")).toContainText("Start again");
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL("**/app**");
});

test("what another page of the same host is answered is refused", async ({ page, baseURL }) => {
  const server = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html").end("<title>Another page</title>");
  }).listen();
  const headers = { Origin: baseURL ?? "" };
  const asked = await page.request.post("/api/v1/auth/passkeys/login/options", { headers });
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}`);
  const credential = await page.evaluate(
    async (options) => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
      const answer = await navigator.credentials.get({ publicKey });
      return (answer as PublicKeyCredential).toJSON() as unknown;
    },
    (await asked.json()) as PublicKeyCredentialRequestOptionsJSON,
  );
  const login = await page.request.post("/api/v1/auth/passkeys/login", {
    headers,
    data: { credential },
  });
  expect(login.status()).toBe(401);
  expect(await login.json()).toMatchObject({ type: "/problems/passkey-refused" });
  server.close();
});
