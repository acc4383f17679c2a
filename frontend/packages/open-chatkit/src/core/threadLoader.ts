/** Loads threads and their items. */

import { batch } from "@preact/signals-core";
import type { Context } from "./context";
import { RequestError } from "./errors";
import { parseFullThread, parseItem, parsePage } from "./parse";
import { isObject } from "./readItem";
import type { Session } from "./session";
import type { ThreadItem } from "./types";

const PAGE_SIZE = 50;

type ItemPage = { items: ThreadItem[]; cursor: string | null };

export class ThreadLoader {
  constructor(private readonly context: Context) {}

  /** Loads the session's thread; unchanged items keep their identity. */
  async load(session: Session): Promise<void> {
    const { threadId } = session;
    if (threadId === null) return;
    const { store, transport } = this.context;
    const raw = await transport.request("threads.get_by_id", { thread_id: threadId });
    const thread = parseFullThread(raw);
    if (thread === null)
      throw new RequestError("The response is not a thread.", 200, "bad-response");
    const { items: first, ...metadata } = thread;
    const shown = store.itemsState.items.length;
    const newest = first.has_more
      ? await this.loadNewest(threadId, Math.max(PAGE_SIZE, shown))
      : { items: first.data, cursor: null };
    if (!session.isCurrent) return;
    reportUnknown(this.context, newest.items);
    batch(() => {
      store.thread.value = metadata;
      store.olderCursor = newest.cursor;
      store.hasMore.value = newest.cursor !== null;
      const items = keepIdentity(store.itemsState.items, newest.items);
      store.setItems({ items, open: new Set() });
    });
    this.context.onThread(metadata);
  }

  /**
   * Loads the session's thread; returns the ID of its active run, or null.
   *
   * @param needsRun false logs a failed lookup of the run and loads the thread nevertheless.
   */
  async loadWithRun(session: Session, needsRun: boolean): Promise<string | null> {
    const { transport } = this.context;
    if (session.threadId === null) return null;
    const knewRuns = transport.hasRuns;
    // Look up the run before the items: a run that ends in between is in the items.
    const runs = await transport.findRuns(session.threadId).catch((error: unknown) => {
      if (needsRun) throw error;
      this.context.emitter.log("run.lookup-failed", { message: String(error) });
      return null;
    });
    if (!session.isCurrent) return null;
    await this.load(session);
    if (session.isCurrent && runs?.cancelled) this.context.stops.replace(runs.cancelled);
    const isNews = transport.hasRuns && !knewRuns && session.isCurrent;
    return isNews ? this.loadWithRun(session, needsRun) : (runs?.activeId ?? null);
  }

  /** Asks the server who cancelled the last response; it isn't the user's if the server doesn't say. */
  async loadStopMark(session: Session): Promise<void> {
    const { transport, emitter, stops } = this.context;
    if (session.threadId === null) return;
    const runs = await transport.findRuns(session.threadId).catch((error: unknown) => {
      emitter.log("run.lookup-failed", { message: String(error) });
      return null;
    });
    if (!session.isCurrent) return;
    if (runs?.cancelled) stops.replace(runs.cancelled);
    else stops.markLast("interrupted");
  }

  /** Loads the page before the oldest loaded item. */
  async loadOlder(session: Session): Promise<void> {
    const { store } = this.context;
    if (session.threadId === null || store.olderCursor === null) return;
    if (store.isLoadingMore.peek()) return;
    store.isLoadingMore.value = true;
    try {
      const older = await this.loadPage(session.threadId, store.olderCursor);
      if (!session.isCurrent) return;
      reportUnknown(this.context, older.items);
      batch(() => {
        const { items, open } = store.itemsState;
        const known = new Set(items.map((item) => item.id));
        const added = older.items.filter((item) => !known.has(item.id)).reverse();
        store.olderCursor = older.cursor;
        store.hasMore.value = older.cursor !== null;
        store.setItems({ items: [...added, ...items], open });
      });
    } finally {
      if (session.isCurrent) store.isLoadingMore.value = false;
    }
  }

  /** Loads at least `count` of the newest items, oldest first. */
  private async loadNewest(threadId: string, count: number): Promise<ItemPage> {
    const items: ThreadItem[] = [];
    let cursor: string | null = null;
    do {
      const page: ItemPage = await this.loadPage(threadId, cursor);
      items.push(...page.items);
      // A server that repeats a cursor would cause an infinite loop.
      cursor = page.cursor === cursor ? null : page.cursor;
    } while (cursor !== null && items.length < count);
    return { items: items.reverse(), cursor };
  }

  /** Loads a page, newest first. */
  private async loadPage(threadId: string, after: string | null): Promise<ItemPage> {
    const raw = await this.context.transport.request("items.list", {
      thread_id: threadId,
      limit: PAGE_SIZE,
      order: "desc",
      ...(after === null ? {} : { after }),
    });
    const page = parsePage(raw, parseItem);
    return { items: page.data, cursor: nextCursor(page.has_more, page.after, page.data) };
  }
}

/** Returns the cursor of the next page; some servers send none and expect the last ID. */
export function nextCursor(
  hasMore: boolean,
  after: string | null | undefined,
  data: readonly { id: string }[],
): string | null {
  return hasMore ? (after ?? data.at(-1)?.id ?? null) : null;
}

/** Logs items that this client doesn't know or can't display. */
function reportUnknown(context: Context, items: readonly ThreadItem[]): void {
  for (const item of items) {
    if (item.type === "unknown") context.emitter.log("item.unknown", { item: item.raw });
  }
}

/** Keeps the old object of each unchanged item, so that views don't render it again. */
function keepIdentity(before: readonly ThreadItem[], after: readonly ThreadItem[]): ThreadItem[] {
  const old = new Map(before.map((item) => [item.id, item]));
  return after.map((item) => {
    const known = old.get(item.id);
    return known !== undefined && isSame(known, item) ? known : item;
  });
}

/** Deeper values count as different, to avoid a stack overflow. */
const MAX_DEPTH = 200;

function isSame(a: unknown, b: unknown, depth = 0): boolean {
  if (Object.is(a, b)) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, index) => isSame(value, b[index], depth + 1));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => name in b && isSame(a[name], b[name], depth + 1))
  );
}
