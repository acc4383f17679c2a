/** Fails if the files that every page loads exceed the limit. Sizes are gzipped, in bytes. */

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT = 120 * 1024;
const dist = fileURLToPath(new URL("../dist", import.meta.url));

/** Returns the static imports of a file. */
function staticImports(text) {
  return [...text.matchAll(/(?:^|[;}])\s*(?:import|export)\s*[^;"'()]*?["'](\.[^"']+)["']/gu)].map(
    (found) => found[1],
  );
}

async function load(file, seen) {
  if (seen.has(file)) return;
  const content = await readFile(file);
  seen.set(file, gzipSync(content, { level: 9 }).length);
  for (const next of staticImports(content.toString())) {
    await load(path.resolve(path.dirname(file), next), seen);
  }
}

const first = new Map();
const script = path.join(dist, "chatkit.js");
await load(script, first);
const views = /["'`](\.\/assets\/open-chatkit-[^"'`]+)["'`]/u.exec(
  await readFile(script, "utf8"),
)?.[1];
if (!views) throw new Error("chatkit.js names no views chunk; run the build first");
await load(path.resolve(dist, views), first);

const total = [...first.values()].reduce((sum, size) => sum + size, 0);
const kilobytes = (size) => `${(size / 1024).toFixed(1)} kB`;
for (const [file, size] of first)
  console.log(kilobytes(size).padStart(9), path.relative(dist, file));
console.log(kilobytes(total).padStart(9), `in total, of ${kilobytes(LIMIT)}`);
console.log("later:");
for (const name of (await readdir(path.join(dist, "assets"))).sort()) {
  const file = path.join(dist, "assets", name);
  if (first.has(file)) continue;
  console.log(
    kilobytes(gzipSync(await readFile(file), { level: 9 }).length).padStart(9),
    `assets/${name}`,
  );
}
if (total > LIMIT) {
  console.error("the size limit is exceeded");
  process.exitCode = 1;
}
