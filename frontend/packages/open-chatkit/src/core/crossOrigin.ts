/** Reports in the console that a server of another origin doesn't accept this page's requests. */

import type { RequestError } from "./errors";

const reported = new Set<string>();

/** Reports that one of our servers rejected a request because of the page's origin. */
export function reportRejectedOrigin(url: string, error: RequestError): void {
  if (error.code === "origin-not-allowed") report(url, `was rejected: ${error.message}`);
}

/**
 * Reports that a request to another origin failed, with the likely causes: of a server that doesn't
 * allow its origin, a page learns no more than that.
 */
export function reportUnreachable(url: string, error: unknown): void {
  const page = globalThis.location?.origin;
  if (!(error instanceof TypeError) || globalThis.navigator?.onLine === false) return;
  if (new URL(url).origin === page) return;
  report(
    url,
    `can't reach ${new URL(url).origin} from pages of ${page}. If the server is running, its CORS settings (CORS_ALLOWED_ORIGINS) must allow this origin, and the page's Content-Security-Policy must allow the server in connect-src.`,
  );
}

/** Prints one line per server. */
function report(url: string, text: string): void {
  const server = new URL(url).origin;
  if (reported.has(server)) return;
  reported.add(server);
  console.error(`<openai-chatkit> ${text}`);
}
