import { expect, test } from "./stack";

/** What an agent may have read anywhere and repeat. */
const HOSTILE = `# Nothing here may run or be fetched

<script>window.hacked = "script"</script>
<img src="https://evil.example/pixel.png" onerror="window.hacked = 'img'">
<svg onload="window.hacked = 'svg'"></svg>
<iframe srcdoc="<script>parent.hacked = 'frame'</script>"></iframe>
<style>@import url("https://evil.example/style.css");</style>
<link rel="preload" as="script" href="https://evil.example/script.js">

![pixel](https://evil.example/pixel.png) ![svg](data:image/svg+xml,<svg/onload=window.hacked=1>)
[run](javascript:window.hacked='link') [data](data:text/html,<script>hacked()</script>)
[leave](//evil.example/) [sign out](/api/v1/auth/logout) [good](https://good.example/page)

\`\`\`html
<script>window.hacked = "fence"</script>
\`\`\`

| a |
| --- |
| <img src=x onerror="window.hacked = 'table'"> |

The end.`;

test("a hostile reply runs nothing and asks nobody else for anything", async ({
  page,
  muster,
  baseURL,
}) => {
  const foreign: string[] = [];
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    const own = origin === baseURL || protocol === "data:" || protocol === "blob:";
    if (!own) foreign.push(request.url());
  });
  // The policy is the second wall: here not even the first lets anything through to it.
  await page.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(window, { violations });
    document.addEventListener("securitypolicyviolation", (event) => {
      violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await muster.readyToChat();
  await muster.send(`echo ${HOSTILE}`);
  await expect(muster.reply.getByText("The end.")).toBeVisible();
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();

  const links = muster.reply.locator(".prose [href]");
  expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")))).toEqual([
    "https://evil.example/pixel.png",
    "https://good.example/page",
  ]);
  await expect(
    muster.reply.locator("script, iframe, .prose style, .prose link, .prose img"),
  ).toHaveCount(0);
  const look = () =>
    page.evaluate(() => ({ ...(window as object as Record<"hacked" | "violations", unknown>) }));
  const seen = await look();
  expect([seen.hacked, seen.violations]).toEqual([undefined, []]);

  // Shown once more from the database, after a reload.
  await page.reload();
  await expect(muster.reply.getByText("The end.")).toBeVisible();
  const again = await look();
  expect([again.hacked, again.violations]).toEqual([undefined, []]);
  expect(foreign).toEqual([]);
});

test("marks that are stacked on a letter without end stay where they were written", async ({
  page,
  muster,
}) => {
  await muster.readyToChat();
  await muster.send(`echo Z${"\u0300\u0316\u0334".repeat(200)}algo`);
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  const sent = page.getByRole("article", { name: "You" }).getByText(/^echo Z/);
  for (const written of [sent, muster.reply.locator(".prose > *").first()])
    await expect(written).toHaveCSS("overflow-y", "clip");
});

test("the policy itself lets no inline script run and nothing foreign in", async ({ page }) => {
  await page.goto("/login");
  const blocked = await page.evaluate(async () => {
    const violations: string[] = [];
    const all = new Promise<void>((resolve) => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
        if (violations.push(effectiveDirective) === 3) resolve();
      });
    });
    const script = document.createElement("script");
    script.textContent = "window.hacked = true";
    document.head.append(script);
    const image = new Image();
    image.src = "https://evil.example/pixel.png";
    await fetch("https://evil.example/").catch(() => undefined);
    await all;
    return [violations.sort(), (window as object as { hacked?: boolean }).hacked];
  });
  expect(blocked).toEqual([["connect-src", "img-src", "script-src-elem"], undefined]);
});
