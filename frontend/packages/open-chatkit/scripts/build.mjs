/**
 * Builds `dist/`:
 *
 * - `chatkit.js`, for `<script src>` with or without `type="module"`. It has no import or export
 *   statement and creates no global; it defines the element and imports the other files relative to
 *   itself, or by absolute address from another origin (`loadViews.ts`).
 * - `index.js`, the same as a module with exports, for bundlers.
 * - `assets/`, the views and core, and chunks and fonts that are loaded later; names have a content
 *   hash.
 * - `THIRD-PARTY-LICENSES.md`, the licenses of the packages in these files.
 */

import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = path.join(root, "dist");
const views = path.join(root, "src/ui/index.ts");

const shared = {
  root,
  // The paths of tsconfig.json name the source of the sibling package, which needn't be built first.
  resolve: { tsconfigPaths: true },
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
      license: { fileName: "THIRD-PARTY-LICENSES.md" },
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

/** Builds one of the small files that import the views. */
async function buildEntry(viewsUrl, entry, format, fileName) {
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
    // Only a classic script needs the address of the chunk.
    define: {
      ...shared.define,
      VIEWS_CHUNK: format === "iife" ? JSON.stringify(viewsUrl) : "undefined",
    },
    plugins: [toViews],
    build: {
      outDir: dist,
      emptyOutDir: false,
      target: "es2022",
      minify: true,
      lib: {
        entry: path.join(root, "src", entry),
        formats: [format],
        name: "chatkit",
        fileName: () => fileName,
      },
    },
  });
  const text = await readFile(path.join(dist, fileName), "utf8");
  if (!text.includes(viewsUrl)) throw new Error(`${fileName} doesn't import ${viewsUrl}`);
  if (format === "iife" && /^\s*(?:import|export)\b(?!\s*\()/mu.test(text))
    throw new Error(`${fileName} is not a classic script`);
}

const viewsUrl = await buildViews();
await buildEntry(viewsUrl, "element/script.ts", "iife", "chatkit.js");
await buildEntry(viewsUrl, "index.ts", "es", "index.js");
