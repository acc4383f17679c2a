/**
 * Builds `dist/`:
 *
 * - `chatkit.js`, for `<script src>` with or without `type="module"`. It has no import or export
 *   statement and creates no global; it defines the element and imports the other files relative to
 *   itself, or by absolute address from another origin (`loadViews.ts`).
 * - `assets/`, the views and core, and chunks and fonts that are loaded later; names have a content
 *   hash.
 */

import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = path.join(root, "dist");
const views = path.join(root, "src/ui/index.ts");

// Sibling packages are used as source, so that they needn't be built first.
const resolve = { conditions: ["todochat-source", "module", "browser", "import", "default"] };
const shared = {
  root,
  resolve,
  configFile: false,
  logLevel: "warn",
  define: { "process.env.NODE_ENV": '"production"' },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
};

async function buildViews() {
  await build({
    ...shared,
    base: "./", // fonts are beside the chunk that uses them
    build: {
      outDir: dist,
      emptyOutDir: true,
      manifest: "manifest.json",
      target: "es2022",
      minify: true,
      modulePreload: false,
      sourcemap: false,
      lib: { entry: { "open-chatkit": views }, formats: ["es"] },
      rolldownOptions: {
        output: {
          minify: true,
          entryFileNames: "assets/[name]-[hash].js",
          chunkFileNames: "assets/[name]-[hash].js",
          assetFileNames: "assets/[name]-[hash][extname]",
        },
      },
    },
  });
  const manifest = JSON.parse(await readFile(path.join(dist, "manifest.json"), "utf8"));
  const entry = Object.values(manifest).find((chunk) => chunk.isEntry);
  await rm(path.join(dist, "manifest.json"));
  return `./${entry.file}`;
}

async function buildScript(viewsUrl) {
  const toViews = {
    name: "views-beside-the-script",
    enforce: "pre",
    resolveId(source, importer) {
      const target = importer && path.resolve(path.dirname(importer), source);
      return target === path.dirname(views) ? { id: viewsUrl, external: true } : null;
    },
  };
  await build({
    ...shared,
    define: { ...shared.define, VIEWS_CHUNK: JSON.stringify(viewsUrl) },
    plugins: [toViews],
    build: {
      outDir: dist,
      emptyOutDir: false,
      target: "es2022",
      minify: true,
      lib: {
        entry: path.join(root, "src/element/script.ts"),
        formats: ["iife"],
        name: "chatkit",
        fileName: () => "chatkit.js",
      },
    },
  });
  const file = path.join(dist, "chatkit.js");
  const text = await readFile(file, "utf8");
  if (!text.includes(viewsUrl)) throw new Error(`chatkit.js doesn't import ${viewsUrl}`);
  if (/^\s*(?:import|export)\b(?!\s*\()/mu.test(text))
    throw new Error("chatkit.js is not a classic script");
  await writeFile(file, text);
}

await buildScript(await buildViews());
