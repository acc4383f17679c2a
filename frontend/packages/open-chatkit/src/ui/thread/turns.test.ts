import { describe, expect, it } from "vitest";
import { assistantMessage, userMessage } from "../../../test/fixtures/items";
import type { ThreadItem } from "../../core/types";
import { groupTurns, turnText } from "./turns";

const widget = (id: string, copy_text: string | null): ThreadItem => ({
  ...{ id, thread_id: "thr_1", created_at: "", type: "widget" },
  ...{ widget: { type: "Card" }, copy_text },
});

describe("a turn", () => {
  it("is a user message and the items that respond to it", () => {
    const items = [
      assistantMessage("a0", "Welcome"),
      userMessage("u1", "one"),
      assistantMessage("a1", "1"),
      widget("w1", null),
      userMessage("u2", "two"),
    ];

    expect(groupTurns(items)).toEqual([
      { id: "a0", userItemId: null, itemIds: ["a0"] },
      { id: "u1", userItemId: "u1", itemIds: ["u1", "a1", "w1"] },
      { id: "u2", userItemId: "u2", itemIds: ["u2"] },
    ]);
  });

  it("copies the text of its messages and widgets", () => {
    const items = [assistantMessage("a", "Two", ""), widget("w", "A list"), widget("x", null)];

    expect(turnText([...items, undefined])).toBe("Two\n\nA list");
  });
});
