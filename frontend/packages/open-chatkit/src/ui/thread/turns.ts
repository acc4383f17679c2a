/** Turns: a message of the person and all that answers it. */

import type { ThreadItem } from "../../core/types";

export type Turn = {
  /** The first item's id. */
  id: string;
  userItemId: string | null;
  /** All of its items, the person's message too. */
  itemIds: readonly string[];
};

/** Groups items; what comes before the first message of the person is a turn of its own. */
export function groupTurns(items: readonly ThreadItem[]): readonly Turn[] {
  const turns: { id: string; userItemId: string | null; itemIds: string[] }[] = [];
  for (const item of items) {
    const last = turns.at(-1);
    if (item.type === "user_message" || !last) {
      const userItemId = item.type === "user_message" ? item.id : null;
      turns.push({ id: item.id, userItemId, itemIds: [item.id] });
    } else {
      last.itemIds.push(item.id);
    }
  }
  return turns;
}

/** What a turn says, as text to copy: the answers and what widgets offer. */
export function turnText(items: readonly (ThreadItem | undefined)[]): string {
  return items
    .flatMap((item) => {
      if (item?.type === "assistant_message") return item.content.map((part) => part.text);
      if (item?.type === "widget" && item.copy_text) return [item.copy_text];
      return [];
    })
    .filter((text) => text !== "")
    .join("\n\n");
}
