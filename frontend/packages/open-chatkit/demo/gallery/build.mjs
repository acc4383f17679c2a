/** Builds the gallery for a static server: `node demo/gallery/build.mjs FOLDER`. */

import path from "node:path";
import { build } from "vite";

const folder = process.argv[2];
if (!folder) throw new Error("Usage: node build.mjs FOLDER");

await build({
  root: import.meta.dirname,
  configFile: false,
  logLevel: "warn",
  base: "./",
  resolve: { tsconfigPaths: true },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: path.resolve(folder), emptyOutDir: true, minify: false },
});
