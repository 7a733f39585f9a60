import { defineConfig } from "@playwright/test";
import base from "./playwright.base.config";

/** Tests that wait for a minute of something: beside the others, which keep a core to themselves. */
const patient = /(outage|tabs)\.spec\.ts$/;

export default defineConfig(base, {
  workers: 2,
  projects: [
    { name: "patient", testMatch: patient, workers: 1 },
    { name: "page", testIgnore: patient, workers: 1 },
  ],
});
