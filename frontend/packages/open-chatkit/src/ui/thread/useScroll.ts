import { effect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useUi } from "../context";

/** For so long after a thread was opened its end is held, while pictures and sizes come in. */
const SETTLING_MS = 1500;

const INPUTS = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

/** So long a smooth way to the end may take; it passes places that aren't the end. */
const HEADING_MS = 1000;

/** Nearer to the end than this counts as "at the end". */
const NEAR = 80;

/** What scrolls: the thread in its frame, or the page around an element as high as its text. */
export function scrollerOf(thread: HTMLElement, host: HTMLElement): Element {
  return host.hasAttribute("auto-height") ? (document.scrollingElement ?? thread) : thread;
}

/** From the end, since this is asked for each frame of an answer. */
function lastTurn(content: Element | null): Element | null {
  let child = content?.lastElementChild ?? null;
  while (child && !child.matches(".turn, .stretch")) child = child.previousElementSibling;
  return child?.matches(".stretch") ? child.lastElementChild : child;
}

function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

export type ScrollRefs = {
  thread: RefObject<HTMLElement | null>;
  content: RefObject<HTMLElement | null>;
  /** Room under a new message, so that it can stand at the top and its answer below it. */
  room: RefObject<HTMLElement | null>;
};

export type Scrolling = {
  /** The reader isn't at the end. */
  away: boolean;
  toEnd: (behavior?: ScrollBehavior) => void;
  onScroll: () => void;
};

/**
 * Scrolls for the reader, and only then: to the end when a thread opens; a message of one's own
 * goes to the top, with its answer growing below it; and along with the answer if the page asked
 * for that and the reader is at its end.
 */
export function useScroll({ thread, content, room }: ScrollRefs): Scrolling {
  const ui = useUi();
  const { chat } = ui;
  const [away, setAway] = useState(false);
  // Whether the reader was at the end before the last growth.
  const atEnd = useRef(true);
  const reserves = useRef(false);
  const settlingUntil = useRef(0);
  const headingUntil = useRef(0);

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
    const isNear = end - element.clientHeight - element.scrollTop <= NEAR;
    if (isNear) headingUntil.current = 0;
    atEnd.current = isNear || performance.now() < headingUntil.current;
    setAway(!atEnd.current);
  };

  const toEnd = (behavior: ScrollBehavior = "smooth"): void => {
    const element = thread.current && scrollerOf(thread.current, ui.host);
    if (!element) return;
    fitRoom(element);
    atEnd.current = true;
    const smooth = behavior === "smooth" && !prefersStillness();
    headingUntil.current = smooth ? performance.now() + HEADING_MS : 0;
    element.scrollTo({ top: element.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  };

  const grow = (): void => {
    const element = thread.current && scrollerOf(thread.current, ui.host);
    if (!element) return;
    fitRoom(element);
    const follows = ui.options.peek().thread?.autoScroll ?? false;
    const settling = performance.now() < settlingUntil.current;
    if (settling || (follows && atEnd.current && chat.isResponding.peek())) toEnd("instant");
    else measure();
  };
  const actions = useRef({ measure, toEnd, grow });
  actions.current = { measure, toEnd, grow };

  // A thread that opens is shown from its end; so is a message of one's own.
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
      // The thread of a first message is born with it, and isn't opened.
      const opened = ready && id !== shown && !wasPending && !isPending;
      if (sent) reserves.current = true;
      else if (opened) reserves.current = false;
      if (opened) settlingUntil.current = performance.now() + SETTLING_MS;
      if (ready || isPending) shown = id;
      if (id === null && !isPending) shown = null;
      wasPending = isPending;
      const ended = wasResponding && !chat.isResponding.value && atEnd.current;
      wasResponding = chat.isResponding.value;
      // At its end an answer gets its actions: whoever sees the end shall see those.
      if (!sent && !opened && !ended) return;
      // Once the views have drawn it.
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        actions.current.toEnd(opened ? "instant" : "smooth");
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [chat]);

  useEffect(() => {
    const element = content.current;
    if (!element || !thread.current || typeof ResizeObserver === "undefined") return;
    // At once: sizes are known now, and what has grown is drawn with its place in one frame.
    const observer = new ResizeObserver(() => actions.current.grow());
    observer.observe(element);
    observer.observe(thread.current);
    const letGo = (): void => {
      settlingUntil.current = 0;
      headingUntil.current = 0;
    };
    for (const name of INPUTS) ui.host.addEventListener(name, letGo, { passive: true });
    const onPageScroll = (): void => actions.current.measure();
    const isPage = ui.host.hasAttribute("auto-height");
    if (isPage) addEventListener("scroll", onPageScroll, { passive: true });
    return () => {
      observer.disconnect();
      for (const name of INPUTS) ui.host.removeEventListener(name, letGo);
      removeEventListener("scroll", onPageScroll);
    };
  }, [content, thread, ui]);

  return { away, toEnd, onScroll: measure };
}
