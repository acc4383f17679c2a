/**
 * Rates every page of a running site: `node scripts/lighthouse.mjs [http://localhost:8000]`.
 *
 * Lighthouse comes from npm when it is asked for; CHROME_PATH names the browser. Pages behind the
 * sign-in get an account of their own each, since a refresh token is good for one visit.
 */

import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const VERSION = "12";
const PAGES = [
  { path: "/login", isOpen: true },
  { path: "/register", isOpen: true },
  { path: "/", isOpen: false },
  { path: "/chat", isOpen: false },
];
const origin = (process.argv[2] ?? "http://localhost:8000").replace(/\/$/u, "");
const folder = mkdtempSync(path.join(tmpdir(), "lighthouse-"));

/** The cookie of a new account. */
async function signUp() {
  const answer = await fetch(`${origin}/api/auth/sign-up`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      email: `lighthouse-${randomUUID()}@example.com`,
      password: `a long enough sentence ${randomUUID()}`,
    }),
  });
  if (!answer.ok) throw new Error(`sign-up: ${answer.status} ${await answer.text()}`);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

async function rate(page) {
  const report = path.join(folder, "report.json");
  const headers = page.isOpen ? {} : { Cookie: await signUp() };
  const done = spawnSync(
    "npx",
    [
      ...["--yes", `lighthouse@${VERSION}`, `${origin}${page.path}`, "--quiet"],
      ...["--output=json", `--output-path=${report}`, "--preset=desktop"],
      ...["--chrome-flags=--headless=new --no-sandbox", "--enable-error-reporting=false"],
      `--extra-headers=${JSON.stringify(headers)}`,
    ],
    { stdio: ["ignore", "ignore", "inherit"], timeout: 300_000 },
  );
  if (done.status !== 0) throw new Error(`lighthouse of ${page.path}: ${done.status}`);
  const { categories, finalDisplayedUrl } = JSON.parse(readFileSync(report, "utf8"));
  const scores = Object.values(categories).map(({ title, score }) => {
    return `${title} ${score === null ? "-" : Math.round(score * 100)}`;
  });
  console.log(`${page.path.padEnd(10)} ${scores.join("  ")}  (${finalDisplayedUrl})`);
}

try {
  for (const page of PAGES) await rate(page);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
