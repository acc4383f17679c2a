/** Every lucide icon: a separate chunk, loaded for the first `lucide:` name that is not built in. */

import type { IconNode } from "lucide";
import { icons } from "lucide";

const byName: Readonly<Record<string, IconNode>> = icons;

/** Returns the drawing of `message-circle` or `MessageCircle`. */
export function findIcon(name: string): IconNode | undefined {
  const pascal = name.replace(/(?:^|[-_ ])(\w)/gu, (_, letter: string) => letter.toUpperCase());
  return byName[pascal];
}
