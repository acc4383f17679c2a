/**
 * Adds the pages that test the element to a site: `node build.mjs SITE`. Copies the plain page and
 * bundles the one with React.
 */

import { cp, mkdir } from "node:fs/promises";
import path from "node:path";
import { build } from "vite";

const here = import.meta.dirname;
const site = process.argv[2];
if (!site) throw new Error("Usage: node build.mjs SITE");
const target = path.join(path.resolve(site), "pages");

await mkdir(target, { recursive: true });
for (const name of ["pages.css", "vanilla.html", "vanilla.js", "kit.html"]) {
  await cp(path.join(here, name), path.join(target, name));
}
await build({
  root: here,
  configFile: false,
  logLevel: "warn",
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: target,
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: path.join(here, "kit.tsx"), formats: ["es"], fileName: () => "kit.js" },
  },
});
