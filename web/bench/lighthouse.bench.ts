import { chromium, type Page } from "@playwright/test";
import lighthouse from "lighthouse";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, Muster } from "../e2e/stack";
import { report } from "./figure";

const CATEGORIES = ["performance", "accessibility", "best-practices"] as const;
const LEAST = 95;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A browser that Lighthouse can steer too, and its only page. */
const test = base.extend<{ steered: { page: Page; port: number } }>({
  steered: async ({ launchOptions, locale, baseURL }, use) => {
    const [home, port] = [await mkdtemp(join(tmpdir(), "muster-bench-")), await freePort()];
    const args = [...(launchOptions.args ?? []), `--remote-debugging-port=${port}`];
    const surroundings = {
      ...(locale !== undefined && { locale }),
      ...(baseURL !== undefined && { baseURL }),
    };
    const options = { ...launchOptions, ...surroundings, args };
    const context = await chromium.launchPersistentContext(home, options);
    await use({ page: context.pages()[0] ?? (await context.newPage()), port });
    await context.close();
    await rm(home, { recursive: true, force: true });
  },
});

/** What Lighthouse says of an address, as a phone on a slow network would load it the first time. */
async function scores(url: string, port: number, categories: readonly string[]) {
  const flags = { port, output: "json", logLevel: "error", disableStorageReset: true } as const;
  const result = await lighthouse(url, { ...flags, onlyCategories: [...categories] });
  if (result === undefined) throw new Error(`Lighthouse says nothing of ${url}`);
  for (const { id, title, score, scoreDisplayMode, displayValue } of Object.values(
    result.lhr.audits,
  ))
    if (score !== null && score < 0.9 && scoreDisplayMode !== "informative")
      console.log(`  ${score.toFixed(2)} ${id}: ${title} ${displayValue ?? ""}`);
  return Object.values(result.lhr.categories).map(({ title, score }) => ({
    title,
    score: Math.round((score ?? 0) * 100),
  }));
}

test("Lighthouse", async ({ steered: { page, port }, baseURL }, info) => {
  const origin = baseURL ?? "";
  const look = async (name: string, path: string, categories: readonly string[]) => {
    for (const { title, score } of await scores(origin + path, port, categories))
      report(info, {
        name: `Lighthouse, ${name}: ${title}`,
        value: score,
        unit: "",
        limit: { least: LEAST },
      });
  };
  await look("login", "/login", [...CATEGORIES, "seo"]);
  await new Muster(page, origin).signUp();
  await page.goto("about:blank");
  await look("app", "/app", CATEGORIES);
});
