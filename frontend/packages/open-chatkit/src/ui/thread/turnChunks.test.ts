import { describe, expect, it } from "vitest";
import { createTurnChunker, type TurnChunk } from "./turnChunks";
import type { Turn } from "./turns";

/** Returns the turns from `from` up to, but not including, `to`. */
const turns = (from: number, to: number): Turn[] =>
  Array.from({ length: to - from }, (_, index) => ({
    ...{ id: `t${from + index}`, userItemId: null, itemIds: [] },
  }));

/** Maps each turn to the key of its chunk. */
const chunkKeys = (chunks: readonly TurnChunk[]): Map<string, number> =>
  new Map(chunks.flatMap(({ key, turns }) => turns.map(({ id }) => [id, key] as const)));

describe("a long thread", () => {
  it("is split into chunks that keep all turns in order", () => {
    const chunks = createTurnChunker()(turns(0, 40));

    expect(chunks.flatMap((chunk) => chunk.turns)).toEqual(turns(0, 40));
    expect(new Set(chunks.map(({ key }) => key)).size).toBe(chunks.length);
    expect(chunks.length).toBeGreaterThan(2);
  });

  it("keeps each turn in its chunk when older and newer turns are added", () => {
    const chunkTurns = createTurnChunker();
    const before = chunkKeys(chunkTurns(turns(50, 100)));

    const after = chunkKeys(chunkTurns(turns(0, 110)));

    for (const [id, key] of before) expect(after.get(id)).toBe(key);
  });

  it("restarts when another thread is shown", () => {
    const chunkTurns = createTurnChunker();
    chunkTurns(turns(0, 5));

    expect(chunkTurns(turns(100, 103))).toEqual([{ key: 0, turns: turns(100, 103) }]);
    expect(chunkTurns([])).toEqual([]);
  });
});
