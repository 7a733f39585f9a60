import { defineConfig } from "@playwright/test";

/** Against a running Muster: MUSTER_URL, MUSTER_ADMIN_PASSWORD and MUSTER_WORKER_AGENT say which. */
export default defineConfig({
  testDir: "e2e",
  retries: 0,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: "list",
  use: {
    baseURL: process.env["MUSTER_URL"] ?? "http://127.0.0.1:8080",
    locale: "en-GB",
    trace: "retain-on-failure",
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
      ],
    },
  },
});
