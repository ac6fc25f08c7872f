/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { firstContent } from "./tools/first-content";

const server = process.env.OFFX_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), firstContent()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the server's Content-Security-Policy allows no data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  // `npm run dev` beside a running `offx serve`, which refuses changes that come from another origin than its Host.
  server: { proxy: { "/api": { target: server, changeOrigin: false }, "/readyz": { target: server } } },
  test: { include: ["src/**/*.test.{ts,tsx}"], env: { TZ: "UTC" } },
});
