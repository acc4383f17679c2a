interface Dated {
  id: string;
  updated_at: string;
}

/** One answer that is on its way. */
export interface Loading<T> {
  /** What the answer says, with what was heard since it was asked for. */
  corrected: (answer: readonly T[]) => T[];
  /** To be called whatever comes of it. */
  end: () => void;
}

/**
 * Remembers what is heard while answers are on their way: an answer says how things were when the
 * server looked, and must not undo what has come since.
 */
export class PendingEdits<T extends Dated> {
  #underWay = 0;
  #order = 0;
  readonly #heard = new Map<string, { order: number; thing: T | null }>();

  /** Notes how a thing is now; null if it is gone. */
  note(id: string, thing: T | null): void {
    if (this.#underWay === 0) return;
    this.#order += 1;
    this.#heard.set(id, { order: this.#order, thing });
  }

  begin(): Loading<T> {
    const since = this.#order;
    this.#underWay += 1;
    return {
      corrected: (answer) => this.#correct(answer, since),
      end: () => {
        this.#underWay -= 1;
        if (this.#underWay === 0) this.#heard.clear();
      },
    };
  }

  #correct(answer: readonly T[], since: number): T[] {
    const result = new Map(answer.map((thing) => [thing.id, thing]));
    for (const [id, { order, thing }] of this.#heard) {
      if (order <= since) continue;
      if (thing === null) result.delete(id);
      else if (!isOlder(thing, result.get(id))) result.set(id, thing);
    }
    return [...result.values()];
  }
}

/** Answers and the feed may come in any order; the later state wins. */
export function isOlder<T extends Dated>(thing: T, known: T | undefined): boolean {
  return known !== undefined && Date.parse(thing.updated_at) < Date.parse(known.updated_at);
}
