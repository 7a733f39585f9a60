import { chromium, type Page } from "@playwright/test";
import lighthouse, { type Flags } from "lighthouse";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, Muster } from "../e2e/stack";
import { median, report } from "./figure";

const CATEGORIES = ["performance", "accessibility", "best-practices"] as const;
const LEAST = 95;
/** What else a computer does moves a score by ten. */
const RUNS = 3;
/**
 * Lighthouse takes four times as long for everything as it took here, which is a phone of the middle where the computer
 * is one for which it was made: of 1500 to 2000 by its own measure. Any other wants another factor (its throttling.md,
 * "Calibrating the CPU slowdown").
 */
const SLOWDOWN = { factor: 4, of: 1750 };
/** What the score of performance is made of. */
const METRICS = [
  "first-contentful-paint",
  "largest-contentful-paint",
  "total-blocking-time",
  "speed-index",
  "cumulative-layout-shift",
];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

type Steered = (use: (page: Page, port: number) => Promise<void>) => Promise<void>;

/** Opens a browser that was nowhere yet and that Lighthouse can steer too, with its only page. */
const test = base.extend<{ steered: Steered }>({
  steered: async ({ launchOptions, locale, baseURL }, use) => {
    const surroundings = {
      ...(locale !== undefined && { locale }),
      ...(baseURL !== undefined && { baseURL }),
    };
    await use(async (look) => {
      const [home, port] = [await mkdtemp(join(tmpdir(), "muster-bench-")), await freePort()];
      const args = [...(launchOptions.args ?? []), `--remote-debugging-port=${port}`];
      const options = { ...launchOptions, ...surroundings, args };
      const context = await chromium.launchPersistentContext(home, options);
      await look(context.pages()[0] ?? (await context.newPage()), port);
      await context.close();
      await rm(home, { recursive: true, force: true });
    });
  },
});

async function audit(url: string, port: number, flags: Flags) {
  const result = await lighthouse(url, { port, output: "json", logLevel: "error", ...flags });
  if (result === undefined) throw new Error(`Lighthouse says nothing of ${url}`);
  return result.lhr;
}

/** How much slower than this computer a phone of the middle is. */
async function slowdown(url: string, port: number) {
  const { environment } = await audit(url, port, { onlyAudits: ["viewport"] });
  return Math.max(1, (SLOWDOWN.factor * environment.benchmarkIndex) / SLOWDOWN.of);
}

/** What Lighthouse says of an address, as a phone on a slow network would load it the first time. */
async function scores(url: string, port: number, categories: readonly string[]) {
  const cpuSlowdownMultiplier = await slowdown(url, port);
  const throttling = { cpuSlowdownMultiplier };
  const lhr = await audit(url, port, { onlyCategories: [...categories], throttling });
  const { audits } = lhr;
  const measured = METRICS.map((id) => `${id} ${audits[id]?.displayValue ?? "?"}`).join(", ");
  console.log(`${url}, ${cpuSlowdownMultiplier.toFixed(1)} times slower than here: ${measured}`);
  for (const { id, title, score, scoreDisplayMode, displayValue } of Object.values(audits))
    if (score !== null && score < 0.9 && scoreDisplayMode !== "informative")
      console.log(`  ${score.toFixed(2)} ${id}: ${title} ${displayValue ?? ""}`);
  return Object.values(lhr.categories).map(({ title, score }) => ({
    title,
    score: Math.round((score ?? 0) * 100),
  }));
}

test("Lighthouse", async ({ steered, baseURL }, info) => {
  const origin = baseURL ?? "";
  const seen = new Map<string, number[]>();
  const judge = async (name: string, path: string, port: number, categories: readonly string[]) => {
    for (const { title, score } of await scores(origin + path, port, categories)) {
      const figure = `Lighthouse, ${name}: ${title}`;
      seen.set(figure, [...(seen.get(figure) ?? []), score]);
    }
  };
  for (let run = 0; run < RUNS; run += 1)
    await steered(async (page, port) => {
      await judge("login", "/login", port, [...CATEGORIES, "seo"]);
      await new Muster(page, origin).signUp();
      await page.goto("about:blank");
      await judge("app", "/app", port, CATEGORIES);
    });
  for (const [name, values] of seen) {
    console.log(`${name}: ${values.join(", ")}`);
    report(info, { name, value: median(values), unit: "", limit: { least: LEAST } });
  }
});
