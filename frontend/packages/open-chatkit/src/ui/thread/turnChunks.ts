import type { Turn } from "./turns";

/** Turns that follow each other and go out of sight together. */
export type TurnChunk = { key: number; turns: readonly Turn[] };

const LENGTH = 12;

/**
 * Makes a function that divides turns so that a turn stays in its stretch when others come before
 * or after it: what is drawn already isn't drawn anew.
 */
export function createDivider(): (turns: readonly Turn[]) => readonly TurnChunk[] {
  /** A turn that begins a stretch. */
  let anchor: string | undefined;
  return (turns) => {
    let start = turns.findIndex((turn) => turn.id === anchor);
    if (start < 0) {
      anchor = turns[0]?.id;
      start = 0;
    }
    const chunks: { key: number; turns: Turn[] }[] = [];
    for (const [index, turn] of turns.entries()) {
      const key = Math.floor((index - start) / LENGTH);
      const last = chunks.at(-1);
      if (last?.key === key) last.turns.push(turn);
      else chunks.push({ key, turns: [turn] });
    }
    return chunks;
  };
}
