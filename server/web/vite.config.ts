import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { shell } from "./build/shell.ts";

const hub = process.env["MARQUEE_URL"] ?? "http://127.0.0.1:8765";
// The hub refuses a state change from an origin that is not its own, so the proxy speaks as the hub's own page.
const proxied = { target: hub, changeOrigin: true, ws: true, headers: { origin: hub } };

export default defineConfig({
  plugins: [svelte(), shell()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // data: addresses of fonts and icons would need holes in the page's policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": proxied, "/media": proxied }, fs: { allow: ["../.."] } },
  test: { include: ["tests/**/*.test.ts"] },
});
