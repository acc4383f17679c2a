/**
 * Audits every page of a running site: `node scripts/lighthouse.mjs [http://localhost:8000]`.
 *
 * npx downloads Lighthouse; CHROME_PATH names the browser. Each page that needs sign-in gets a new
 * account, since a refresh token works for one visit.
 */

import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const VERSION = "12";
const PAGES = [
  { path: "/login", isPublic: true },
  { path: "/register", isPublic: true },
  { path: "/", isPublic: false },
  { path: "/chat", isPublic: false },
];
const origin = (process.argv[2] ?? "http://localhost:8000").replace(/\/$/u, "");
const folder = mkdtempSync(path.join(tmpdir(), "lighthouse-"));

/** Creates an account and returns its cookie. */
async function signUp() {
  const response = await fetch(`${origin}/api/auth/sign-up`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      email: `lighthouse-${randomUUID()}@example.com`,
      password: `a long enough sentence ${randomUUID()}`,
    }),
  });
  if (!response.ok) throw new Error(`sign-up: ${response.status} ${await response.text()}`);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

async function audit(page) {
  const report = path.join(folder, "report.json");
  const headers = page.isPublic ? {} : { Cookie: await signUp() };
  const result = spawnSync(
    "npx",
    [
      ...["--yes", `lighthouse@${VERSION}`, `${origin}${page.path}`, "--quiet"],
      ...["--output=json", `--output-path=${report}`, "--preset=desktop"],
      ...["--chrome-flags=--headless=new --no-sandbox", "--enable-error-reporting=false"],
      `--extra-headers=${JSON.stringify(headers)}`,
    ],
    { stdio: ["ignore", "ignore", "inherit"], timeout: 300_000 },
  );
  if (result.status !== 0) throw new Error(`lighthouse of ${page.path}: ${result.status}`);
  const { categories, finalDisplayedUrl } = JSON.parse(readFileSync(report, "utf8"));
  const scores = Object.values(categories).map(({ title, score }) => {
    return `${title} ${score === null ? "-" : Math.round(score * 100)}`;
  });
  console.log(`${page.path.padEnd(10)} ${scores.join("  ")}  (${finalDisplayedUrl})`);
}

try {
  for (const page of PAGES) await audit(page);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
