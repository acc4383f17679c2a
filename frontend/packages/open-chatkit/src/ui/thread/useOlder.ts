import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { attempt, useUi } from "../context";
import { scrollerOf } from "./useScroll";

/**
 * Loads older items before the user reaches the top, and keeps the scroll position: browsers have no
 * scroll anchoring at the very top, and some have none at all.
 */
export function useOlder(
  thread: RefObject<HTMLElement | null>,
  sentinel: RefObject<HTMLElement | null>,
  firstTurn: string | undefined,
): void {
  const ui = useUi();
  const { chat } = ui;
  const hasMore = chat.hasMore.value;
  const before = useRef<{ first: string; top: number; at: number } | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: with another first turn the sentinel may still be visible, and wouldn't be reported again
  useEffect(() => {
    const target = sentinel.current;
    if (!hasMore || !target || typeof IntersectionObserver === "undefined") return;
    const root = ui.host.hasAttribute("auto-height") ? null : thread.current;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting) && !chat.isLoading.peek()) {
          void attempt(ui, () => chat.loadMore());
        }
      },
      { root, rootMargin: "600px 0px 0px 0px" },
    );
    observer.observe(target);
    return () => observer.disconnect();
  }, [hasMore, firstTurn, chat, ui, thread, sentinel]);
  useLayoutEffect(() => {
    const element = thread.current;
    if (!element) return;
    const scroller = scrollerOf(element, ui.host);
    const find = (id: string) => element.querySelector(`[data-turn="${CSS.escape(id)}"]`);
    const last = before.current;
    if (last && firstTurn && last.first !== firstTurn) {
      const old = find(last.first);
      // An unchanged scroll offset means that the browser hasn't anchored.
      if (old && scroller.scrollTop === last.at) {
        scroller.scrollTop += old.getBoundingClientRect().top - last.top;
      }
    }
    const first = firstTurn ? find(firstTurn) : null;
    before.current =
      first && firstTurn
        ? { first: firstTurn, top: first.getBoundingClientRect().top, at: scroller.scrollTop }
        : null;
  });
}
