import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { firstLoad, groups } from "./first-load.ts";

/** The API refuses what does not come from its own page, so it must see the host that the page has. */
const proxy = {
  "/api": { target: process.env["MUSTER_API"] ?? "http://127.0.0.1:8080", changeOrigin: false },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), firstLoad()],
  resolve: {
    alias: {
      "@golden": fileURLToPath(new URL("../libs/contracts/tests/golden", import.meta.url)),
      "@": fileURLToPath(new URL("./src", import.meta.url)),
    },
  },
  server: { proxy, fs: { allow: [".."] } },
  preview: { proxy },
  worker: { format: "es" },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["./src/test-setup.ts"],
  },
});
