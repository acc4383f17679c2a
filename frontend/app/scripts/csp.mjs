import { createHash } from "node:crypto";

const CDN = "https://cdn.platform.openai.com";

/**
 * Returns the hashes of a page's inline scripts in the syntax of a policy.
 *
 * @param {string} html
 * @returns {string[]}
 */
export function inlineScriptHashes(html) {
  const hashes = [];
  for (const [, attributes, text] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)) {
    if (/\ssrc\s*=/.test(attributes) || text === "") continue;
    hashes.push(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  }
  return hashes;
}

/**
 * Returns the content security policy of the site's pages.
 *
 * @param {{scriptHashes: string[], apiUrl?: string, officialScript?: string}} site
 * @returns {string}
 */
export function contentSecurityPolicy({ scriptHashes, apiUrl = "", officialScript = "" }) {
  const api = apiUrl ? [new URL(apiUrl).origin] : [];
  // OpenAI's component is a frame of another origin, uses its APIs and has inline styles.
  const official = officialScript ? [...new Set([new URL(officialScript).origin, CDN])] : [];
  const policy = {
    "default-src": ["'self'"],
    "script-src": ["'self'", ...new Set(scriptHashes), ...official],
    "style-src": ["'self'", ...(official.length > 0 ? ["'unsafe-inline'"] : [])],
    "connect-src": [
      "'self'",
      ...api,
      ...(official.length > 0 ? ["https://api.openai.com"] : []),
      ...official,
    ],
    "img-src": ["'self'", "data:", "blob:", ...api],
    "font-src": ["'self'"],
    "media-src": ["'self'", "blob:"],
    "frame-src": official.length > 0 ? official : ["'none'"],
    "frame-ancestors": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "object-src": ["'none'"],
  };
  return Object.entries(policy)
    .map(([name, sources]) => `${name} ${sources.join(" ")}`)
    .join("; ");
}
