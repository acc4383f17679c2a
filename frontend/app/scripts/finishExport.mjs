// Completes the export of `next build`: copies the chat component and writes the policy that the edge
// sends with the pages (deploy/caddy/Caddyfile imports it from the export's folder).
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { contentSecurityPolicy, inlineScriptHashes } from "./csp.mjs";

const app = path.join(import.meta.dirname, "..");
const out = path.join(app, process.env.SEED_PAGES ? "out-seed" : "out");
const element = path.join(app, "..", "packages", "open-chatkit", "dist");

if (existsSync(path.join(element, "chatkit.js"))) {
  // index.js and its types are for bundlers.
  const filter = (file) => !path.basename(file).startsWith("index.");
  cpSync(element, path.join(out, "chatkit"), { recursive: true, filter });
} else {
  console.warn("packages/open-chatkit is not built: the site's chat will show an error");
}

const pages = readdirSync(out, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".html"))
  .sort();
const scriptHashes = pages.flatMap((page) =>
  inlineScriptHashes(readFileSync(path.join(out, page), "utf8")),
);
const policy = contentSecurityPolicy({
  scriptHashes,
  apiUrl: process.env.NEXT_PUBLIC_API_URL ?? "",
  officialScript: process.env.NEXT_PUBLIC_CHATKIT_SCRIPT ?? "",
});
mkdirSync(path.join(out, ".edge"), { recursive: true });
writeFileSync(
  path.join(out, ".edge", "headers.caddy"),
  `header @page Content-Security-Policy "${policy}"\n`,
);
// The build's settings; the launcher compares them and the file's time.
const settings = Object.entries(process.env).filter(
  ([name, value]) => name.startsWith("NEXT_PUBLIC_") && value,
);
writeFileSync(
  path.join(out, ".edge", "settings.json"),
  `${JSON.stringify(Object.fromEntries(settings))}\n`,
);
console.log(`${pages.length} pages, ${new Set(scriptHashes).size} inline scripts in the policy`);
