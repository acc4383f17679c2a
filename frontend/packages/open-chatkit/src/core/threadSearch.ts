/**
 * The search of the history. A server that has shown that it is ours searches titles and messages;
 * for others, which know no search, the titles loaded so far are searched.
 */

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { Context } from "./context";
import { toChatError } from "./errors";
import { parseThread } from "./parse";
import { isObject } from "./readItem";
import type { ChatError, FoundThread, ThreadMetadata, ThreadSearch } from "./types";

/** Time without a keystroke after which a search is requested. */
const DEBOUNCE_MS = 200;

/** The longest query that the server accepts. */
const MAX_QUERY = 200;

/** Markdown's marks of bold text and code, which would only disturb in a snippet. */
const MARKS = /\*\*|__|`/gu;

/** The search with the methods that only the history uses. */
export type ThreadSearchCore = ThreadSearch & {
  /** Updates the given fields of a thread that was found. */
  put(change: Partial<ThreadMetadata> & { id: string }): void;
  drop(threadId: string): void;
};

/** Returns the words of a query. */
export function queryWords(query: string): readonly string[] {
  return query.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
}

function parseFound(raw: unknown): FoundThread | null {
  const thread = parseThread(raw);
  if (thread === null || !isObject(raw)) return null;
  const { id, title, created_at, status } = thread;
  const parts = Array.isArray(raw.snippet) ? raw.snippet : [];
  return {
    thread: { id, title, created_at, status } as ThreadMetadata,
    itemId: typeof raw.item_id === "string" ? raw.item_id : null,
    snippet: parts.flatMap((part: unknown) =>
      isObject(part) && typeof part.text === "string"
        ? [{ text: part.text.replace(MARKS, ""), hit: part.hit === true }]
        : [],
    ),
  };
}

/** @param threads - those of the history that are loaded. */
export function createThreadSearch(
  context: Context,
  threads: ReadonlySignal<readonly ThreadMetadata[] | null>,
): ThreadSearchCore {
  const query = signal("");
  const remote = signal<readonly FoundThread[] | null>(null);
  const usesTitles = signal(false);
  const hasMore = signal(false);
  const isLoading = signal(false);
  const error = signal<ChatError | null>(null);
  let cursor: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pending = new AbortController();

  const found = computed(() => {
    const words = queryWords(query.value);
    if (words.length === 0) return null;
    if (!usesTitles.value) return remote.value;
    return (threads.value ?? [])
      .filter(({ title }) => words.every((word) => title?.toLocaleLowerCase().includes(word)))
      .map((thread) => ({ thread, itemId: null, snippet: [] }));
  });

  function stop(): void {
    clearTimeout(timer);
    pending.abort();
    pending = new AbortController();
  }

  async function request(after: string | null): Promise<void> {
    const { signal: aborted } = pending;
    isLoading.value = true;
    error.value = null;
    try {
      const words = query.peek().trim().slice(0, MAX_QUERY);
      const page = await context.transport.searchThreads(words, after, aborted);
      if (aborted.aborted) return;
      const before = after === null ? [] : (remote.peek() ?? []);
      const known = new Set(before.map(({ thread }) => thread.id));
      const rows = page === null ? [] : page.items.map(parseFound);
      const more = rows.filter((row) => row !== null && !known.has(row.thread.id));
      cursor = page?.nextCursor ?? null;
      batch(() => {
        usesTitles.value = page === null;
        remote.value = [...before, ...(more as FoundThread[])];
        hasMore.value = cursor !== null;
      });
    } catch (failure) {
      if (aborted.aborted) return;
      batch(() => {
        // Better some titles than nothing; pages that are shown stay.
        usesTitles.value = after === null;
        error.value = toChatError(failure);
      });
      context.emitter.error(failure);
    } finally {
      if (!aborted.aborted) isLoading.value = false;
    }
  }

  return {
    query,
    found,
    usesTitles,
    hasMore,
    isLoading,
    error,
    set(next) {
      const isSame = queryWords(next).join(" ") === queryWords(query.peek()).join(" ");
      query.value = next;
      if (isSame) return;
      stop();
      const isEmpty = next.trim() === "";
      batch(() => {
        isLoading.value = !isEmpty;
        error.value = null;
        hasMore.value = false;
        if (isEmpty) remote.value = null;
      });
      if (!isEmpty) timer = setTimeout(() => void request(null), DEBOUNCE_MS);
    },
    async retry() {
      if (query.peek().trim() === "") return;
      stop();
      await request(null);
    },
    async loadMore() {
      if (cursor !== null && hasMore.peek() && !isLoading.peek()) await request(cursor);
    },
    put(change) {
      const list = remote.peek();
      const index = list?.findIndex(({ thread }) => thread.id === change.id) ?? -1;
      const row = list?.[index];
      if (!list || !row) return;
      const thread = { ...row.thread, ...change } as ThreadMetadata;
      remote.value = list.with(index, { ...row, thread });
    },
    drop(threadId) {
      remote.value = remote.peek()?.filter(({ thread }) => thread.id !== threadId) ?? null;
    },
  };
}
