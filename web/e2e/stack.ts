import { test as base, expect, type Page } from "@playwright/test";
import { WorkerProcess, type Agent } from "./worker-process";

const PASSWORD = "correct horse battery";
/** What comes from a worker that starts on a busy machine takes its time. */
export const START = 60_000;

export const unusedName = () =>
  `u${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;

/** What a person does on the page, in the page's own words. */
export class Muster {
  private readonly workers: WorkerProcess[] = [];

  constructor(
    readonly page: Page,
    private readonly server: string,
  ) {}

  /** The same Muster, on another page. */
  as(page: Page): Muster {
    return new Muster(page, this.server);
  }

  async signUp(name = unusedName()): Promise<string> {
    await this.page.goto("/register");
    await this.page.getByLabel("User name").fill(name);
    await this.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await this.page.getByRole("button", { name: "Create account" }).click();
    await this.page.waitForURL("**/app**");
    return name;
  }

  async signIn(name: string, password = PASSWORD): Promise<void> {
    await this.page.goto("/login");
    await this.page.getByLabel("User name").fill(name);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    await this.page.getByRole("button", { name: "Sign in", exact: true }).click();
    await this.page.waitForURL("**/app**");
  }

  async signInAsAdmin(): Promise<void> {
    await this.signIn("admin", process.env["MUSTER_ADMIN_PASSWORD"] ?? "");
  }

  async signOut(): Promise<void> {
    await this.page.goto("/settings");
    await this.page.getByRole("button", { name: "Sign out" }).first().click();
    await this.page.waitForURL("**/login**");
  }

  /** Whom the page is signed in as. */
  async username(): Promise<string> {
    const answer = await this.page.request.get("/api/v1/auth/me");
    return ((await answer.json()) as { username: string }).username;
  }

  async addMachine(name: string): Promise<void> {
    await this.page.getByRole("button", { name: "Add machine" }).first().click();
    const dialog = this.page.getByRole("dialog");
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByRole("button", { name: "Add machine" }).click();
    await expect(this.page.getByRole("heading", { name, exact: true })).toBeVisible();
  }

  /** Opens *Add worker* on the open machine page and answers with the token that it shows. */
  async newToken(name: string): Promise<string> {
    await this.page.getByRole("main").getByRole("button", { name: "Add worker" }).first().click();
    const dialog = this.page.getByRole("dialog");
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByRole("button", { name: "Create token" }).click();
    const token = dialog.getByText(/^machine_[\w-]{21}:worker_[\w-]{21}$/);
    return (await token.textContent()) ?? "";
  }

  async startWorker(token: string, agent: Agent = { backend: "demo" }): Promise<WorkerProcess> {
    return this.own(await WorkerProcess.start(token, this.server, agent));
  }

  async startWorkerBy(command: string): Promise<WorkerProcess> {
    return this.own(await WorkerProcess.startBy(command));
  }

  private own(worker: WorkerProcess): WorkerProcess {
    this.workers.push(worker);
    return worker;
  }

  /** A machine with an approved, connected worker, and its first session's composer. */
  async readyToChat(agent?: Agent, userName?: string): Promise<WorkerProcess> {
    await this.signUp(userName);
    await this.addMachine("laptop");
    return this.approveWorker(agent);
  }

  /** Brings a worker to the open machine page, and opens its first session's composer. */
  async approveWorker(agent?: Agent): Promise<WorkerProcess> {
    const started = await this.startWorker(await this.newToken("orchard"), agent);
    const dialog = this.page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Approve" }).click({ timeout: START });
    await dialog.getByRole("button", { name: "Start a session" }).click({ timeout: START });
    await expect(this.composer).toBeVisible();
    return started;
  }

  get composer() {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  /** The newest reply. */
  get reply() {
    return this.page.getByRole("article", { name: "Agent" }).last();
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
  }
}

export const test = base.extend<{ muster: Muster }>({
  muster: async ({ page, baseURL }, use) => {
    const muster = new Muster(page, baseURL ?? "");
    await use(muster);
    await muster.stopWorkers();
  },
});

export { expect };
