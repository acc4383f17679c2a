/**
 * Keeps the frame in the part of the window that the user sees: above a phone's keyboard, on pages
 * that the keyboard covers instead of resizing, and inside of the safe areas, on pages that extend
 * below them. The element itself keeps its size, which only the page sets.
 */

/** A smaller difference is a browser's tool bar. */
const MIN_KEYBOARD_PX = 120;

/** Less than this can't show a composer and a line of the conversation. */
const MIN_VISIBLE_PX = 160;

type KeyboardArea = EventTarget & { boundingRect: DOMRectReadOnly };

/** Chromium's interface for pages that ask for a keyboard that covers them. */
function overlayingKeyboard(): KeyboardArea | null {
  return (navigator as { virtualKeyboard?: KeyboardArea }).virtualKeyboard ?? null;
}

/** Returns the window's visible part, as client coordinates; null if no keyboard covers the page. */
function aboveKeyboard(): { top: number; bottom: number } | null {
  const view = window.visualViewport;
  const height = document.documentElement.clientHeight;
  // A zoomed page's visual viewport is smaller, too.
  if (!view || view.scale > 1.01) return null;
  const keyboard = overlayingKeyboard()?.boundingRect;
  const overlaid = keyboard && keyboard.height > 0 ? keyboard.top : Number.POSITIVE_INFINITY;
  const top = view.offsetTop;
  const bottom = Math.min(top + view.height, overlaid);
  return height - (bottom - top) < MIN_KEYBOARD_PX ? null : { top, bottom };
}

/** Observes the window and sets the frame's insets; returns a function that stops it. */
export function fitVisibleArea(host: HTMLElement, frame: HTMLElement): () => void {
  let request = 0;
  let hasFocus = false;

  const fit = (): void => {
    const { top, bottom } = host.getBoundingClientRect();
    const area = hasFocus ? aboveKeyboard() : null;
    const above = area ? Math.max(0, area.top - top) : 0;
    const below = area ? Math.max(0, bottom - area.bottom) : 0;
    const isFramed = !host.hasAttribute("auto-height");
    const isUsable = bottom - top - above - below >= MIN_VISIBLE_PX;
    frame.style.top = isFramed && isUsable && above > 0 ? `${above}px` : "";
    frame.style.bottom = isFramed && isUsable && below > 0 ? `${below}px` : "";
    const height = document.documentElement.clientHeight;
    const width = document.documentElement.clientWidth;
    const box = frame.getBoundingClientRect();
    const style = {
      // For the composer of an element with `auto-height`, which sticks to the window's edge.
      "--ck-keyboard": isFramed || !area ? "" : `${Math.max(0, height - area.bottom)}px`,
      // The distances from the window's edges: a safe area matters only at the edge.
      "--ck-edge-top": `${Math.round(Math.max(0, box.top))}px`,
      "--ck-edge-bottom": `${Math.round(area ? height : Math.max(0, height - box.bottom))}px`,
      "--ck-edge-left": `${Math.round(Math.max(0, box.left))}px`,
      "--ck-edge-right": `${Math.round(Math.max(0, width - box.right))}px`,
    };
    for (const [name, value] of Object.entries(style)) frame.style.setProperty(name, value);
  };
  const later = (): void => {
    cancelAnimationFrame(request);
    request = requestAnimationFrame(fit);
  };
  const onFocus = (event: FocusEvent): void => {
    hasFocus = event.type === "focusin";
    later();
  };

  const stop = new AbortController();
  const passive = { passive: true, signal: stop.signal };
  frame.addEventListener("focusin", onFocus, passive);
  frame.addEventListener("focusout", onFocus, passive);
  addEventListener("resize", later, passive);
  addEventListener("scroll", later, { ...passive, capture: true });
  for (const name of ["resize", "scroll"])
    window.visualViewport?.addEventListener(name, later, passive);
  overlayingKeyboard()?.addEventListener("geometrychange", later, passive);
  const observer = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(later);
  observer?.observe(host);
  later();
  return () => {
    stop.abort();
    observer?.disconnect();
    cancelAnimationFrame(request);
  };
}
