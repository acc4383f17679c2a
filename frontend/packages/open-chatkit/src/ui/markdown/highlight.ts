/** Code highlighting: a separate chunk, loaded for the first code block with a language. */

import type { RootContent } from "hast";
import { common, createLowlight } from "lowlight";

const lowlight = createLowlight(common);

/** Highlighting longer code would take more than a frame. */
const MAX_CHARS = 20_000;

export type Highlighted = readonly RootContent[];

export function highlight(code: string, language: string): Highlighted | null {
  if (code.length > MAX_CHARS || !lowlight.registered(language)) return null;
  return lowlight.highlight(language, code).children;
}
