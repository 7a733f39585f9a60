import { defineConfig } from "@playwright/test";
import base from "./playwright.base.config";

/** Measures the page instead of checking it; wants the same surroundings as the browser tests. */
export default defineConfig(base, {
  testDir: "bench",
  testMatch: /\.bench\.ts$/,
  timeout: 600_000,
  reporter: [["list"], ["./bench/figures-reporter.ts"]],
  use: { viewport: { width: 1440, height: 900 } },
});
