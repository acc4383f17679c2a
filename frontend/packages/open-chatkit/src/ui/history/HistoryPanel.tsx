import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "../common/IconButton";
import { attempt, useT, useUi } from "../context";
import { focused, focusThread } from "../focus";
import { groupThreads } from "./groups";
import { ThreadRow } from "./ThreadRow";

function useEndlessScroll(
  list: { current: HTMLElement | null },
  end: { current: HTMLElement | null },
) {
  const ui = useUi();
  const { history } = ui.chat;
  const hasMore = history.hasMore.value;
  const count = history.threads.value?.length ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a longer list must be observed again
  useEffect(() => {
    if (!hasMore || !end.current || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) {
          void attempt(ui, () => history.loadMore());
        }
      },
      { root: list.current, rootMargin: "0px 0px 300px 0px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [hasMore, count, history, list, end]);
}

function Threads() {
  const ui = useUi();
  const t = useT();
  const { history } = ui.chat;
  const threads = history.threads.value;
  if (threads === null) {
    if (history.error.value) return null;
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
  if (threads.length === 0) return <p class="empty">{t("historyEmpty")}</p>;
  return (
    <>
      {groupThreads(threads, new Date()).map((group) => (
        <section key={group.name} aria-label={t(group.name)}>
          <h3 class="group-name">{t(group.name)}</h3>
          <ul class="thread-list">
            {group.threads.map((thread) => (
              <li key={thread.id}>
                <ThreadRow
                  thread={thread}
                  onOpen={() => {
                    ui.view.value = "chat";
                    void attempt(ui, () => ui.chat.openThread(thread.id));
                  }}
                />
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
  useEndlessScroll(list, end);
  useLayoutEffect(() => {
    const before = focused(ui);
    void attempt(ui, () => history.load());
    panel.current?.focus({ preventScroll: true });
    return () => {
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
      <div ref={list} class="history-list">
        {history.error.value && (
          <div class="notice danger" role="alert">
            <div class="notice-body">{t("historyFailed")}</div>
            <button
              type="button"
              class="button small"
              onClick={() => void attempt(ui, () => history.load())}
            >
              {t("tryAgain")}
            </button>
          </div>
        )}
        <Threads />
        <div ref={end} class="history-end">
          {history.hasMore.value && (
            <button
              type="button"
              class="button small"
              disabled={history.isLoading.value}
              onClick={() => void attempt(ui, () => history.loadMore())}
            >
              {t(history.isLoading.value ? "loading" : "loadMore")}
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
