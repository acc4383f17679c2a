import { effect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useUi } from "../context";

/** Time after reaching the end of a thread during which it stays visible, while images load. */
const SETTLING_MS = 1500;

const INPUTS = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

/** Maximum duration of a smooth scroll to the end. */
const SMOOTH_SCROLL_MS = 1000;

/** Distance in px that counts as "at the end". */
const END_THRESHOLD = 80;

const REDUCED_MOTION = "(prefers-reduced-motion: reduce)";

/** Returns the scroll container: the thread, or the page for an element with `auto-height`. */
export function scrollerOf(thread: HTMLElement, host: HTMLElement): Element {
  return host.hasAttribute("auto-height") ? (document.scrollingElement ?? thread) : thread;
}

/** Searches from the end, because this runs for each frame of a response. */
function lastTurn(content: Element | null): Element | null {
  let child = content?.lastElementChild ?? null;
  while (child && !child.matches(".turn, .turn-chunk")) child = child.previousElementSibling;
  return child?.matches(".turn-chunk") ? child.lastElementChild : child;
}

export type ScrollRefs = {
  thread: RefObject<HTMLElement | null>;
  content: RefObject<HTMLElement | null>;
  /** Space below a new message, so that it can be at the top with its response below. */
  room: RefObject<HTMLElement | null>;
};

export type Scrolling = {
  /** True if the user isn't at the end. */
  away: boolean;
  /** Scrolls to the end, and keeps it visible while turns and images get their height. */
  showEnd: () => void;
  onScroll: () => void;
};

/**
 * Scrolls automatically in three cases: to the end when a thread opens; to put a sent message at the
 * top, with its response below; and with the response if the page enabled `autoScroll` and the user
 * is at the end.
 */
export function useScroll({ thread, content, room }: ScrollRefs): Scrolling {
  const ui = useUi();
  const { chat } = ui;
  const [away, setAway] = useState(false);
  // Whether the user was at the end before the content last grew.
  const atEnd = useRef(true);
  const reserves = useRef(false);
  // Infinite while the end has not been reached.
  const settlingUntil = useRef(0);
  const smoothScrollUntil = useRef(0);
  // The height of the visible part when it was last measured.
  const visible = useRef(0);

  const fitRoom = (element: Element): void => {
    const rest = content.current;
    const last = reserves.current ? lastTurn(rest) : null;
    if (!room.current || !rest) return;
    const framed = element === thread.current;
    const needed =
      reserves.current && framed && last
        ? element.clientHeight -
          (rest.getBoundingClientRect().bottom - last.getBoundingClientRect().top)
        : 0;
    const height = `${Math.max(0, Math.round(needed - 16))}px`;
    if (room.current.style.height !== height) room.current.style.height = height;
  };

  const measure = (): void => {
    const element = thread.current && scrollerOf(thread.current, ui.host);
    if (!element) return;
    const end = element.scrollHeight - (room.current?.offsetHeight ?? 0);
    const isNear = end - element.clientHeight - element.scrollTop <= END_THRESHOLD;
    if (isNear) smoothScrollUntil.current = 0;
    if (isNear && settlingUntil.current === Number.POSITIVE_INFINITY) {
      settlingUntil.current = performance.now() + SETTLING_MS;
    }
    atEnd.current = isNear || performance.now() < smoothScrollUntil.current;
    setAway(!atEnd.current);
  };

  const toEnd = (behavior: ScrollBehavior = "smooth"): void => {
    const element = thread.current && scrollerOf(thread.current, ui.host);
    if (!element) return;
    fitRoom(element);
    atEnd.current = true;
    const smooth = behavior === "smooth" && !matchMedia(REDUCED_MOTION).matches;
    smoothScrollUntil.current = smooth ? performance.now() + SMOOTH_SCROLL_MS : 0;
    element.scrollTo({ top: element.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  };

  const showEnd = (): void => {
    settlingUntil.current = Number.POSITIVE_INFINITY;
    toEnd();
    measure();
  };

  const grow = (): void => {
    const element = thread.current && scrollerOf(thread.current, ui.host);
    if (!element) return;
    fitRoom(element);
    // A keyboard or a longer draft takes space at the lower edge: the text above it stays there.
    const lost = visible.current - element.clientHeight;
    visible.current = element.clientHeight;
    if (lost !== 0 && element === thread.current) {
      if (atEnd.current) toEnd("instant");
      else element.scrollTop += lost;
    }
    const follows = ui.options.peek().thread?.autoScroll ?? false;
    const now = performance.now();
    const settling = now < settlingUntil.current;
    // On its way to the end, a smooth scroll gets the new end as its target.
    if (settling && now < smoothScrollUntil.current) {
      element.scrollTo({ top: element.scrollHeight, behavior: "smooth" });
    } else if (settling || (follows && atEnd.current && chat.isResponding.peek())) {
      toEnd("instant");
    } else {
      measure();
    }
  };
  const actions = useRef({ measure, toEnd, grow });
  actions.current = { measure, toEnd, grow };

  // Scroll to the end when a thread opens and when a message is sent.
  useLayoutEffect(() => {
    let shown: string | null = null;
    let wasPending = false;
    let wasResponding = false;
    let frame = 0;
    const stop = effect(() => {
      const id = chat.threadId.value;
      const ready = !chat.isLoading.value && chat.itemIds.value.length > 0;
      const isPending = chat.pending.value !== null;
      const sent = isPending && !wasPending;
      // A thread that is created by its first message isn't opened.
      const opened = ready && id !== shown && !wasPending && !isPending;
      if (sent) reserves.current = true;
      else if (opened) reserves.current = false;
      // A search opens a thread at the message that it has found.
      const isAtItem = opened && ui.wantedItem.peek() !== null;
      if (sent) settlingUntil.current = 0;
      if (opened) settlingUntil.current = isAtItem ? 0 : performance.now() + SETTLING_MS;
      if (ready || isPending) shown = id;
      if (id === null && !isPending) shown = null;
      wasPending = isPending;
      const ended = wasResponding && !chat.isResponding.value && atEnd.current;
      wasResponding = chat.isResponding.value;
      // A finished response gets its actions: keep the end visible.
      if (isAtItem || (!sent && !opened && !ended)) return;
      // After the views have rendered.
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        actions.current.toEnd(opened ? "instant" : "smooth");
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [chat, ui]);

  // Outside of the viewport, gradual text would only cost frames.
  useEffect(() => {
    const reduced = matchMedia(REDUCED_MOTION);
    const update = (): void => {
      chat.revealsGradually.value = !away && !reduced.matches;
    };
    update();
    reduced.addEventListener("change", update);
    return () => reduced.removeEventListener("change", update);
  }, [away, chat]);

  useEffect(() => {
    const element = content.current;
    if (!element || !thread.current || typeof ResizeObserver === "undefined") return;
    // Synchronous, so that the growth and the new scroll position are painted in one frame.
    const observer = new ResizeObserver(() => actions.current.grow());
    observer.observe(element);
    observer.observe(thread.current);
    const stopAutoScroll = (): void => {
      settlingUntil.current = 0;
      smoothScrollUntil.current = 0;
    };
    for (const name of INPUTS) ui.host.addEventListener(name, stopAutoScroll, { passive: true });
    const onPageScroll = (): void => actions.current.measure();
    const isPage = ui.host.hasAttribute("auto-height");
    if (isPage) addEventListener("scroll", onPageScroll, { passive: true });
    return () => {
      observer.disconnect();
      for (const name of INPUTS) ui.host.removeEventListener(name, stopAutoScroll);
      removeEventListener("scroll", onPageScroll);
    };
  }, [content, thread, ui]);

  return { away, showEnd, onScroll: measure };
}
