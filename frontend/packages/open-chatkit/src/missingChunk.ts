/** Reports missing chunks in the console, with the likely causes. */

const reported = new Set<string>();

/**
 * Reports a chunk that failed to load, in one line and once.
 *
 * @param part the part of the component in the chunk.
 * @param error the error of `import()`; browsers include the address.
 */
export function reportMissingChunk(part: string, error: unknown): void {
  if (reported.has(part)) return;
  reported.add(part);
  console.error(
    `<openai-chatkit> could not load ${part}. Serve the whole folder of chatkit.js, to other origins with Access-Control-Allow-Origin, and allow its origin in script-src of the page's Content-Security-Policy. ${error}`,
  );
}
