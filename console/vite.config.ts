/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env["VEDETTE_SERVER"] ?? "http://127.0.0.1:7979";

export default defineConfig({
  plugins: [react()],
  // what is inlined would need a weaker Content-Security-Policy
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2023", sourcemap: false },
  server: { proxy: { "/v1": server, "/v2": server, "/console": server } },
  test: { environment: "jsdom", include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
