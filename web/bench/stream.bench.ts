import type { CDPSession } from "@playwright/test";
import { expect, test } from "../e2e/stack";
import { report } from "./figure";

const SECONDS = 60;
/** Time that the first words have until it is looked. */
const RUN_UP_MS = 5_000;

async function metrics(session: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await session.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/** What is in use after everything else was let go, in MB. */
async function heap(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return ((await metrics(session))["JSHeapUsedSize"] ?? NaN) / 1e6;
}

test("a reply at 300 tokens a second for a minute", async ({ page, muster }, info) => {
  await muster.readyToChat();
  const session = await page.context().newCDPSession(page);
  // Time on a core, not on the clock: what else this computer does is none of the page's cost.
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  // A token every 3 ms is a little more than 300 of them a second.
  await muster.send(`write ${Math.round((SECONDS * 1000) / 3)} every 3ms`);
  await expect(muster.reply).toContainText("Code keeps its shape");
  await page.waitForTimeout(RUN_UP_MS);
  const heapBefore = await heap(session);
  const before = await metrics(session);
  await page.waitForTimeout(SECONDS * 1000 - 2 * RUN_UP_MS);
  const after = await metrics(session);
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible({
    timeout: 30_000,
  });
  const heapAfter = await heap(session);
  const spent = (name: string) => (after[name] ?? NaN) - (before[name] ?? NaN);
  const share = (name: string) => (100 * spent(name)) / spent("Timestamp");
  for (const name of ["ScriptDuration", "LayoutDuration", "RecalcStyleDuration"])
    console.log(`${name}: ${share(name).toFixed(1)} %`);
  console.log(`heap: ${heapBefore.toFixed(1)} MB, then ${heapAfter.toFixed(1)} MB`);
  report(info, {
    name: "main thread while a reply streams",
    value: share("TaskDuration"),
    unit: "%",
    limit: { most: 20 },
  });
  report(info, {
    name: "heap that a minute of it adds",
    value: heapAfter - heapBefore,
    unit: "MB",
    limit: { most: 10 },
  });
});
