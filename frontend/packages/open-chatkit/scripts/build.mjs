/**
 * Builds `dist/`:
 *
 * - `chatkit.js`, for `<script src>` with or without `type="module"`. It has no import or export
 *   statement and leaves no global behind; it defines the element and imports the rest from beside
 *   itself, wherever that is: from another origin by absolute address (`loadViews.ts`).
 * - `assets/`, the views and core, and what they load later; names have a hash of the content.
 */

import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = path.join(root, "dist");
const views = path.join(root, "src/ui/index.ts");

// Siblings are used as source, so that nothing has to be built before.
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
  if (/^\s*(?:import|export)\b(?!\s*\()/mu.test(text)) throw new Error("chatkit.js is no script");
  await writeFile(file, text);
}

await buildScript(await buildViews());
