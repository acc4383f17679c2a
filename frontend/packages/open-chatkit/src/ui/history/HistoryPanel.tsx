import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { FoundThread } from "../../core/types";
import { IconButton } from "../common/IconButton";
import { attempt, type Ui, useT, useUi } from "../context";
import { focused, focusThread } from "../focus";
import { groupThreads } from "./groups";
import { SearchField } from "./SearchField";
import { ThreadRow } from "./ThreadRow";

/** Loads the next page when the end of the list comes into view. */
function useEndlessScroll(
  list: { current: HTMLElement | null },
  end: { current: HTMLElement | null },
  pages: { loadMore: () => Promise<void> },
  { hasMore, count }: { hasMore: boolean; count: number },
) {
  const ui = useUi();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a longer list must be observed again
  useEffect(() => {
    if (!hasMore || !end.current || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) void attempt(ui, () => pages.loadMore());
      },
      { root: list.current, rootMargin: "0px 0px 300px 0px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [hasMore, count, pages, list, end, ui]);
}

function RowsSkeleton() {
  const t = useT();
  return (
    <div class="skeleton rows" role="status">
      <span class="visually-hidden">{t("loading")}</span>
      <i />
      <i />
      <i class="short" />
      <i />
    </div>
  );
}

function openFromHistory(ui: Ui, threadId: string, itemId: string | null = null): void {
  ui.view.value = "chat";
  void attempt(ui, () => {
    const opened = ui.chat.openThread(threadId);
    // After the previous thread's items are gone.
    ui.wantedItem.value = itemId;
    return opened;
  });
}

/** Announces how many chats a search has found; "Nothing found" is a status of its own. */
function useFoundCount(found: readonly FoundThread[] | null, isComplete: boolean): void {
  const ui = useUi();
  const { t, tag } = ui.locale.value;
  const count = isComplete ? (found?.length ?? 0) : 0;
  useEffect(() => {
    const text = `${t("historyTitle")}: ${count.toLocaleString(tag)}`;
    ui.announcement.value = count > 0 ? text : "";
  }, [count, t, tag, ui]);
}

function FoundThreads() {
  const ui = useUi();
  const t = useT();
  const { search } = ui.chat.history;
  const found = search.found.value;
  useFoundCount(found, !search.isLoading.value);
  if (found === null) return <RowsSkeleton />;
  if (found.length === 0) {
    return search.isLoading.value ? (
      <RowsSkeleton />
    ) : (
      <p class="empty" role="status">
        {t("noMatches")}
      </p>
    );
  }
  return (
    <ul class="thread-list" aria-busy={search.isLoading.value}>
      {found.map(({ thread, itemId, snippet }) => (
        <li key={thread.id}>
          <ThreadRow
            thread={thread}
            match={{ query: search.query.value, snippet }}
            onOpen={() => openFromHistory(ui, thread.id, itemId)}
          />
        </li>
      ))}
    </ul>
  );
}

function Threads() {
  const ui = useUi();
  const t = useT();
  const { history } = ui.chat;
  const threads = history.threads.value;
  if (threads === null) return history.error.value ? null : <RowsSkeleton />;
  if (threads.length === 0) return <p class="empty">{t("historyEmpty")}</p>;
  return (
    <>
      {groupThreads(threads, new Date()).map((group) => (
        <section key={group.name} aria-label={t(group.name)}>
          <h3 class="group-name">{t(group.name)}</h3>
          <ul class="thread-list">
            {group.threads.map((thread) => (
              <li key={thread.id}>
                <ThreadRow thread={thread} onOpen={() => openFromHistory(ui, thread.id)} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** The list of chats, above the thread. Escape closes it. */
export function HistoryPanel() {
  const ui = useUi();
  const t = useT();
  const { history } = ui.chat;
  const panel = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const { search } = history;
  const isSearching = search.query.value.trim() !== "";
  // A server without a search has only its pages of threads, which may be many.
  const isPaged = isSearching && !search.usesTitles.value;
  const pages = isPaged ? search : history;
  const shown = isPaged ? search.found.value : history.threads.value;
  const hasMore = pages.hasMore.value;
  useEndlessScroll(list, end, pages, {
    hasMore: hasMore && (isPaged || !isSearching),
    count: shown?.length ?? 0,
  });
  const error = isSearching ? search.error.value : history.error.value;
  useLayoutEffect(() => {
    const before = focused(ui);
    void attempt(ui, () => history.load());
    panel.current?.focus({ preventScroll: true });
    return () => {
      history.search.set("");
      // Keep the focus if the page has moved it since.
      if (!panel.current?.contains(focused(ui))) return;
      const back = before instanceof HTMLElement && before.isConnected ? before : null;
      // After the rest is no longer inert.
      requestAnimationFrame(() => (back ? back.focus() : focusThread(ui)));
    };
  }, [history, ui]);
  const close = (): void => {
    ui.view.value = "chat";
  };
  return (
    <div
      ref={panel}
      class="history"
      part="history"
      role="dialog"
      aria-label={t("history")}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // Close only the history, not a dialog that contains the chat.
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      <div class="header">
        <div class="header-side">
          <IconButton icon="back-large" label={t("closeHistory")} onClick={close} />
        </div>
        <h2 class="title">{t("historyTitle")}</h2>
        <div class="header-side end">
          <IconButton
            icon="compose"
            label={t("newChat")}
            onClick={() => {
              ui.chat.newThread();
              close();
            }}
          />
        </div>
      </div>
      {((history.threads.value?.length ?? 0) > 0 || isSearching) && (
        <SearchField onLeave={() => list.current?.querySelector("button")?.focus()} />
      )}
      <div ref={list} class="history-list">
        {error && (
          <div class="notice danger" role="alert">
            <div class="notice-body">{t("historyFailed")}</div>
            <button
              type="button"
              class="button small"
              onClick={() =>
                void attempt(ui, () => (isSearching ? search.retry() : history.load()))
              }
            >
              {t("tryAgain")}
            </button>
          </div>
        )}
        {isSearching ? <FoundThreads /> : <Threads />}
        <div ref={end} class="history-end">
          {hasMore && (
            <button
              type="button"
              class="button small"
              disabled={pages.isLoading.value}
              onClick={() => void attempt(ui, () => pages.loadMore())}
            >
              {t(pages.isLoading.value ? "loading" : "loadMore")}
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
