/** The list of threads, newest first. */

import { batch, signal } from "@preact/signals-core";
import type { Context } from "./context";
import { toChatError } from "./errors";
import { parsePage, parseThread } from "./parse";
import { nextCursor } from "./threadLoader";
import { createThreadSearch } from "./threadSearch";
import type { ChatError, History, ThreadMetadata } from "./types";

const PAGE_SIZE = 30;

/** The history with the methods that only the core uses. */
export type HistoryCore = History & {
  /** Upserts a thread, if the list is loaded. */
  put(thread: ThreadMetadata): void;
  rename(threadId: string, title: string): Promise<void>;
  remove(threadId: string): Promise<void>;
  /** Clears the list, when the user or the server changes. */
  reset(): void;
};

export function createHistory(context: Context): HistoryCore {
  const threads = signal<readonly ThreadMetadata[] | null>(null);
  const hasMore = signal(false);
  const isLoading = signal(false);
  const error = signal<ChatError | null>(null);
  const search = createThreadSearch(context, threads);
  let cursor: string | null = null;
  /** Incremented when the list restarts; pages requested before that are dropped. */
  let generation = 0;

  async function loadPage(after: string | null): Promise<void> {
    const requested = generation;
    isLoading.value = true;
    error.value = null;
    try {
      const raw = await context.transport.request("threads.list", {
        limit: PAGE_SIZE,
        order: "desc",
        ...(after === null ? {} : { after }),
      });
      if (requested !== generation) return;
      const page = parsePage(raw, parseThread);
      cursor = nextCursor(page.has_more, page.after, page.data);
      const before = after === null ? [] : (threads.peek() ?? []);
      const known = new Set(before.map((thread) => thread.id));
      batch(() => {
        threads.value = [...before, ...page.data.filter((thread) => !known.has(thread.id))];
        hasMore.value = cursor !== null;
      });
    } catch (failure) {
      if (requested !== generation) return;
      error.value = toChatError(failure);
      context.emitter.error(failure);
    } finally {
      if (requested === generation) isLoading.value = false;
    }
  }

  function put(thread: ThreadMetadata): void {
    search.put(thread);
    const list = threads.peek();
    if (list === null) return;
    const index = list.findIndex((other) => other.id === thread.id);
    threads.value =
      index === -1 ? [thread, ...list] : list.with(index, { ...list[index], ...thread });
  }

  return {
    threads,
    hasMore,
    isLoading,
    error,
    search,
    put,
    async load() {
      generation += 1;
      await loadPage(null);
    },
    async loadMore() {
      if (cursor !== null && !isLoading.peek()) await loadPage(cursor);
    },
    async rename(threadId, title) {
      const before = threads.peek();
      const { thread } = context.store;
      const open = thread.peek();
      const renamed = (known: ThreadMetadata) => ({ ...known, title });
      batch(() => {
        const known = before?.find((other) => other.id === threadId);
        if (known !== undefined) put(renamed(known));
        if (open?.id === threadId) thread.value = renamed(open);
        search.put({ id: threadId, title });
      });
      try {
        await context.transport.request("threads.update", { thread_id: threadId, title });
      } catch (failure) {
        batch(() => {
          const known = before?.find((other) => other.id === threadId);
          if (known !== undefined) put(known);
          if (open?.id === threadId && thread.peek()?.id === threadId) thread.value = open;
        });
        void search.retry();
        context.emitter.error(failure);
        throw failure;
      }
    },
    async remove(threadId) {
      const before = threads.peek();
      threads.value = before?.filter((thread) => thread.id !== threadId) ?? null;
      search.drop(threadId);
      try {
        await context.transport.request("threads.delete", { thread_id: threadId });
      } catch (failure) {
        const known = before?.find((thread) => thread.id === threadId);
        // Restore its position, even if the list has changed since.
        if (before && known !== undefined) {
          const list = [...(threads.peek() ?? [])];
          list.splice(Math.min(before.indexOf(known), list.length), 0, known);
          threads.value = list;
        }
        void search.retry();
        context.emitter.error(failure);
        throw failure;
      }
    },
    reset() {
      generation += 1;
      cursor = null;
      search.set("");
      batch(() => {
        threads.value = null;
        hasMore.value = false;
        isLoading.value = false;
        error.value = null;
      });
    },
  };
}
