/** Remembers after which items a response was stopped, by the user or otherwise. */

import type { Store } from "./store";
import type { CancelledItems } from "./transport";
import { withStorage } from "./webStorage";

const KEY = "open-chatkit:stopped";

/** Only the newest are kept. */
const MAX_KEPT = 200;

/**
 * The user's own stops are kept in the browser, because the protocol has none: a reload and other
 * tabs show them. A server with runs tells all marks of a thread, also those from other devices.
 */
export class StopMarks {
  constructor(private readonly store: Store) {
    store.stoppedAfter.value = new Set(savedIds());
  }

  /** Marks the last item as the end of a response that the user stopped, or that was interrupted. */
  markLast(how: keyof CancelledItems): void {
    const last = this.store.itemsState.items.findLast((item) => item.type !== "end_of_turn");
    if (last === undefined) return;
    const { interruptedAfter } = this.store;
    if (how === "stopped") this.update([], [last.id]);
    else interruptedAfter.value = new Set([...interruptedAfter.peek(), last.id]);
  }

  /** Drops the marks of items, whose response is replaced by another one. */
  drop(itemIds: readonly string[]): void {
    this.update(itemIds, []);
    const { interruptedAfter } = this.store;
    interruptedAfter.value = new Set(
      [...interruptedAfter.peek()].filter((id) => !itemIds.includes(id)),
    );
  }

  /** Replaces the marks of the shown items by those that the server knows. */
  replace({ stopped, interrupted }: CancelledItems): void {
    this.replaceStopped(stopped);
    this.store.interruptedAfter.value = new Set(interrupted);
  }

  /** Adopts the changes of other tabs. */
  reload(): void {
    this.replaceStopped(savedIds());
  }

  private replaceStopped(itemIds: readonly string[]): void {
    this.update(
      this.store.itemsState.items.map((item) => item.id),
      itemIds,
    );
  }

  private update(dropped: readonly string[], added: readonly string[]): void {
    const before = this.store.stoppedAfter.peek();
    const after = new Set([...before, ...savedIds()]);
    for (const id of dropped) after.delete(id);
    for (const id of added) after.add(id);
    if (after.size === before.size && [...after].every((id) => before.has(id))) return;
    this.store.stoppedAfter.value = after;
    const newest = JSON.stringify([...after].slice(-MAX_KEPT));
    withStorage("localStorage", (storage) => storage.setItem(KEY, newest));
  }
}

function savedIds(): string[] {
  const ids: unknown = withStorage("localStorage", (storage) =>
    JSON.parse(storage.getItem(KEY) ?? "[]"),
  );
  return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
}
