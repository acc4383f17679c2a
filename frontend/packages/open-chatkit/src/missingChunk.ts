/** Says in the console which part of the component is missing, and where to look for the cause. */

const reported = new Set<string>();

/**
 * Reports a chunk that couldn't be loaded: one line, once.
 *
 * @param part what the chunk shows.
 * @param error what `import()` failed with; browsers name the address in it.
 */
export function reportMissingChunk(part: string, error: unknown): void {
  if (reported.has(part)) return;
  reported.add(part);
  console.error(
    `<openai-chatkit> could not load ${part}. Serve the whole folder of chatkit.js, to other origins with Access-Control-Allow-Origin, and allow its origin in script-src of the page's Content-Security-Policy. ${error}`,
  );
}
