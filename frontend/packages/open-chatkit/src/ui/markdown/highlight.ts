/** Code highlighting: a chunk of its own, loaded for the first code block that names a language. */

import type { RootContent } from "hast";
import { common, createLowlight } from "lowlight";

const lowlight = createLowlight(common);

/** Beyond this it would take longer than a frame. */
const LONGEST = 20_000;

export type Highlighted = readonly RootContent[];

export function highlight(code: string, language: string): Highlighted | null {
  if (code.length > LONGEST || !lowlight.registered(language)) return null;
  return lowlight.highlight(language, code).children;
}
