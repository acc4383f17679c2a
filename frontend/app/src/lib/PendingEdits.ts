interface Versioned {
  id: string;
  updated_at: string;
}

/** A request for entities that is in progress. */
export interface PendingLoad<T> {
  /** Returns the loaded entities with the edits recorded since the request began. */
  merge: (loaded: readonly T[]) => T[];
  /** Ends the load; call it on success and on failure. */
  end: () => void;
}

/**
 * Records edits while loads are in progress: a response shows the server's state at the time of the
 * read and must not overwrite later edits.
 */
export class PendingEdits<T extends Versioned> {
  #activeLoads = 0;
  #order = 0;
  readonly #edits = new Map<string, { order: number; entity: T | null }>();

  /** Records an entity's state; null if it was deleted. */
  record(id: string, entity: T | null): void {
    if (this.#activeLoads === 0) return;
    this.#order += 1;
    this.#edits.set(id, { order: this.#order, entity });
  }

  /** Begins a load. */
  beginLoad(): PendingLoad<T> {
    const since = this.#order;
    this.#activeLoads += 1;
    return {
      merge: (loaded) => this.#merge(loaded, since),
      end: () => {
        this.#activeLoads -= 1;
        if (this.#activeLoads === 0) this.#edits.clear();
      },
    };
  }

  #merge(loaded: readonly T[], since: number): T[] {
    const result = new Map(loaded.map((entity) => [entity.id, entity]));
    for (const [id, { order, entity }] of this.#edits) {
      if (order <= since) continue;
      if (entity === null) result.delete(id);
      else if (!isOlder(entity, result.get(id))) result.set(id, entity);
    }
    return [...result.values()];
  }
}

/** Tells whether an entity is older than the known one; responses and feed events arrive in any order. */
export function isOlder<T extends Versioned>(entity: T, known: T | undefined): boolean {
  return known !== undefined && Date.parse(entity.updated_at) < Date.parse(known.updated_at);
}
