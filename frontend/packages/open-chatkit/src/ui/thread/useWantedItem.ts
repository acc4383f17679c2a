import { effect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { attempt, useUi } from "../context";
import { scrollerOf } from "./useScroll";

/** Frames during which the message is kept in place: turns get their height when they are shown. */
const SETTLING_FRAMES = 30;

const INPUTS = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

/** The distance to the upper edge of a message that is higher than the thread. */
const MARGIN = 16;

/** Scrolls an item to the middle of the thread. */
function center(item: Element, thread: HTMLElement, host: HTMLElement): void {
  const scroller = scrollerOf(thread, host);
  const top = scroller === thread ? thread.getBoundingClientRect().top : 0;
  const box = item.getBoundingClientRect();
  const above = Math.max(MARGIN, (scroller.clientHeight - box.height) / 2);
  scroller.scrollTop += Math.round(box.top - top - above);
}

/** Scrolls to the message that a search has found, and marks it; loads older items if needed. */
export function useWantedItem(thread: RefObject<HTMLElement | null>): void {
  const ui = useUi();
  const { chat } = ui;
  useEffect(() => {
    let frame = 0;
    let requestedAt = 0;
    const keepInPlace = (item: Element, frames: number): void => {
      if (!thread.current || frames === 0) return;
      center(item, thread.current, ui.host);
      frame = requestAnimationFrame(() => keepInPlace(item, frames - 1));
    };
    const show = (id: string): void => {
      ui.wantedItem.value = null;
      const find = (selector: string) => thread.current?.querySelector(selector);
      find(".found")?.classList.remove("found");
      const item = find(`[data-item="${CSS.escape(id)}"]`);
      if (!item) return;
      item.classList.add("found");
      keepInPlace(item, SETTLING_FRAMES);
    };
    const cancel = (): void => cancelAnimationFrame(frame);
    const stop = effect(() => {
      const id = ui.wantedItem.value;
      const ids = chat.itemIds.value;
      const isLoading = chat.isLoading.value || chat.isLoadingMore.value;
      if (id === null) requestedAt = 0;
      if (id === null || isLoading || ids.length === 0) return;
      // A page that failed is not requested again.
      if (!ids.includes(id) && chat.hasMore.value && ids.length > requestedAt) {
        requestedAt = ids.length;
        queueMicrotask(() => void attempt(ui, () => chat.loadMore()));
        return;
      }
      cancel();
      // After the views have rendered.
      frame = requestAnimationFrame(() => show(id));
    });
    const leave = (): void => {
      ui.wantedItem.value = null;
      cancel();
    };
    for (const name of INPUTS) ui.host.addEventListener(name, leave, { passive: true });
    return () => {
      stop();
      cancel();
      for (const name of INPUTS) ui.host.removeEventListener(name, leave);
    };
  }, [chat, thread, ui]);
}
