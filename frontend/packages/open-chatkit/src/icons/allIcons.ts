/** Every lucide icon: a chunk of its own, loaded for the first `lucide:` name that is not built in. */

import type { IconNode } from "lucide";
import { icons } from "lucide";

const byName: Readonly<Record<string, IconNode>> = icons;

/** `message-circle` or `MessageCircle` to its drawing. */
export function findIcon(name: string): IconNode | undefined {
  const pascal = name.replace(/(?:^|[-_ ])(\w)/gu, (_, letter: string) => letter.toUpperCase());
  return byName[pascal];
}
