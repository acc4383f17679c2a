import { describe, expect, it } from "vitest";
import { createDivider, type TurnChunk } from "./turnChunks";
import type { Turn } from "./turns";

/** Turns `from`, `from + 1` and so on, before `to`. */
const turns = (from: number, to: number): Turn[] =>
  Array.from({ length: to - from }, (_, index) => ({
    ...{ id: `t${from + index}`, userItemId: null, itemIds: [] },
  }));

/** The key of each turn's stretch. */
const places = (chunks: readonly TurnChunk[]): Map<string, number> =>
  new Map(chunks.flatMap(({ key, turns }) => turns.map(({ id }) => [id, key] as const)));

describe("a long thread", () => {
  it("is divided without losing anything or its order", () => {
    const divided = createDivider()(turns(0, 40));

    expect(divided.flatMap((stretch) => stretch.turns)).toEqual(turns(0, 40));
    expect(new Set(divided.map(({ key }) => key)).size).toBe(divided.length);
    expect(divided.length).toBeGreaterThan(2);
  });

  it("keeps each turn in its stretch when older and newer ones come", () => {
    const divide = createDivider();
    const before = places(divide(turns(50, 100)));

    const after = places(divide(turns(0, 110)));

    for (const [id, key] of before) expect(after.get(id)).toBe(key);
  });

  it("begins anew where another thread is shown", () => {
    const divide = createDivider();
    divide(turns(0, 5));

    expect(divide(turns(100, 103))).toEqual([{ key: 0, turns: turns(100, 103) }]);
    expect(divide([])).toEqual([]);
  });
});
