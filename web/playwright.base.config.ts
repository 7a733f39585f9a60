import { defineConfig } from "@playwright/test";

/** What all that drives the page has in common. Against a running Muster: MUSTER_URL, MUSTER_ADMIN_PASSWORD and MUSTER_WORKER_AGENT say which. */
export default defineConfig({
  testDir: "e2e",
  snapshotPathTemplate: "{testDir}/looks/{arg}{ext}",
  retries: 0,
  workers: 1,
  timeout: 60_000,
  expect: {
    timeout: 10_000,
    // Chromium draws a letter's edge a little differently from one version to the next, and nothing moves by that.
    toHaveScreenshot: { threshold: 0.25, maxDiffPixels: 400 },
  },
  reporter: "list",
  use: {
    baseURL: process.env["MUSTER_URL"] ?? "http://127.0.0.1:8080",
    locale: "en-GB",
    // A trace tells more (`--trace on`), and makes every step take almost twice as long.
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // The page brings its fonts; the system's wishes how to draw them are not asked.
        "--font-render-hinting=none",
        "--disable-lcd-text",
      ],
    },
  },
});
