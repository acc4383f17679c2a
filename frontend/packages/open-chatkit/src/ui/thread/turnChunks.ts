import type { Turn } from "./turns";

/** Consecutive turns that are skipped together by the browser while outside the viewport. */
export type TurnChunk = { key: number; turns: readonly Turn[] };

const TURNS_PER_CHUNK = 12;

/**
 * Creates a function that splits turns into chunks. A turn stays in its chunk when others are added
 * before or after it, so that it isn't rendered again.
 */
export function createTurnChunker(): (turns: readonly Turn[]) => readonly TurnChunk[] {
  /** The ID of a turn that starts a chunk. */
  let anchor: string | undefined;
  return (turns) => {
    let start = turns.findIndex((turn) => turn.id === anchor);
    if (start < 0) {
      anchor = turns[0]?.id;
      start = 0;
    }
    const chunks: { key: number; turns: Turn[] }[] = [];
    for (const [index, turn] of turns.entries()) {
      const key = Math.floor((index - start) / TURNS_PER_CHUNK);
      const last = chunks.at(-1);
      if (last?.key === key) last.turns.push(turn);
      else chunks.push({ key, turns: [turn] });
    }
    return chunks;
  };
}
