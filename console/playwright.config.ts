import { defineConfig } from "@playwright/test";

// Debian's Chromium; `./setup --for test` installs it. As root it has no sandbox of its own.
const browser = { executablePath: process.env["VEDETTE_CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] };
const screen = { viewport: { width: 1440, height: 900 }, locale: "en-GB", launchOptions: browser } as const;

export default defineConfig({
  testDir: "browser",
  outputDir: "../target/console/failures",
  globalSetup: "./browser/world.ts",
  // one server, whose findings the tests change
  workers: 1,
  timeout: 60_000,
  reporter: [["list"]],
  use: { trace: "retain-on-failure" },
  projects: [
    { name: "light", use: { ...screen, colorScheme: "light" } },
    { name: "dark", use: { ...screen, colorScheme: "dark" }, grep: /@theme/ },
  ],
});
