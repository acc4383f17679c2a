/** Turns: a user message and the items that respond to it. */

import type { Chat, ThreadItem } from "../../core/types";

export type Turn = {
  /** The first item's ID. */
  id: string;
  userItemId: string | null;
  /** All items, including the user's message. */
  itemIds: readonly string[];
};

/** Groups items into turns; items before the first user message form a separate turn. */
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

/** Returns a turn's text to copy: the assistant's messages and the widgets' `copy_text`. */
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

/** Returns the text below a response that was cancelled; null if it wasn't. */
export function stopText(chat: Chat, itemIds: readonly string[]): "stopped" | "errorStream" | null {
  if (itemIds.some((id) => chat.stoppedAfter.value.has(id))) return "stopped";
  return itemIds.some((id) => chat.interruptedAfter.value.has(id)) ? "errorStream" : null;
}
