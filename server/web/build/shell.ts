import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const ICON = fileURLToPath(new URL("../../../assets/icons/marquee.svg", import.meta.url));
const THEME = fileURLToPath(new URL("./theme-early.js", import.meta.url));

/**
 * Adds to the built page what a browser reads before the app runs: the icon, the web manifest and the script that
 * sets the remembered theme. The script is a classic one in the head because a module runs after the first paint
 * (a dark page would flash white), and a file because the page's policy allows no inline script.
 */
export function shell(): Plugin {
  return {
    name: "marquee-shell",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, context) {
        const named = (name: string) => {
          const found = Object.values(context.bundle ?? {}).find((file) => file.type === "asset" && file.names.includes(name));
          if (!found) throw new Error(`${name} was not emitted`);
          return `/${found.fileName}`;
        };
        return {
          html,
          tags: [
            { tag: "script", attrs: { src: named("theme-early.js") }, injectTo: "head" },
            { tag: "link", attrs: { rel: "icon", type: "image/svg+xml", href: named("marquee.svg") }, injectTo: "head" },
            { tag: "link", attrs: { rel: "manifest", href: "/manifest.webmanifest" }, injectTo: "head" },
          ],
        };
      },
    },
    generateBundle() {
      this.emitFile({ type: "asset", name: "theme-early.js", source: readFileSync(THEME) });
      const icon = this.emitFile({ type: "asset", name: "marquee.svg", source: readFileSync(ICON) });
      const manifest = {
        name: "Marquee",
        short_name: "Marquee",
        description: "Your videos, on every screen of the house",
        id: "/",
        start_url: "/",
        scope: "/",
        display: "standalone",
        background_color: "#141316",
        theme_color: "#141316",
        icons: [{ src: `/${this.getFileName(icon)}`, type: "image/svg+xml", sizes: "any", purpose: "any" }],
      };
      this.emitFile({ type: "asset", fileName: "manifest.webmanifest", source: JSON.stringify(manifest, null, 2) });
    },
  };
}
