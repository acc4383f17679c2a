/** Loads the chunk with views and core, which every element needs, and reports failures. */

import { reportMissingChunk } from "../missingChunk";

type Views = typeof import("../ui");

/** Path of the chunk from the script; only the build knows it. */
declare const VIEWS_CHUNK: string | undefined;

/**
 * This script's address if it is a classic script from another origin than the page. Browsers hide
 * the base URL from such a script, so relative imports fail and need an absolute address. Null for
 * modules, whose imports always resolve relative to them.
 */
const foreignScript = (() => {
  const script = globalThis.document?.currentScript;
  const url =
    script && script instanceof HTMLScriptElement && script.src !== "" ? script.src : null;
  return url !== null && new URL(url).origin !== globalThis.origin ? url : null;
})();

let loading: Promise<Views> | null = null;

async function importViews(): Promise<Views> {
  try {
    return await import("../ui");
  } catch (error) {
    if (foreignScript === null || typeof VIEWS_CHUNK === "undefined") throw error;
    return import(/* @vite-ignore */ new URL(VIEWS_CHUNK, foreignScript).href);
  }
}

/** Loads the chunk once for all elements; after a failure, the next call retries. */
export function loadViews(): Promise<Views> {
  loading ??= importViews().catch((error: unknown) => {
    loading = null;
    reportMissingChunk("the chat", error);
    throw error;
  });
  return loading;
}
