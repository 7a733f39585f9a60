import { defineConfig } from "@playwright/test";
import base from "./playwright.base.config";

const wide = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
const screens = /screens\.shots\.ts$/;

/** Looks at every screen rather than checking it; wants the same surroundings as the browser tests. */
export default defineConfig(base, {
  testMatch: /\.shots\.ts$/,
  timeout: 180_000,
  use: { contextOptions: { reducedMotion: "reduce" } },
  projects: [
    { name: "light-1440", testMatch: screens, use: { colorScheme: "light", viewport: wide } },
    { name: "dark-1440", testMatch: screens, use: { colorScheme: "dark", viewport: wide } },
    { name: "light-390", testMatch: screens, use: { colorScheme: "light", viewport: phone } },
    { name: "dark-390", testMatch: screens, use: { colorScheme: "dark", viewport: phone } },
    {
      name: "readme",
      testMatch: /readme\.shots\.ts$/,
      use: { colorScheme: "light", viewport: wide },
    },
  ],
});
