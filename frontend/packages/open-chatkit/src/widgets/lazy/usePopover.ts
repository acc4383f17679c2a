import { useLayoutEffect, useRef } from "preact/hooks";
import { type Align, placeBeside, type Side } from "./place";

export type PopoverOptions = {
  anchor: { current: HTMLElement | null };
  side: Side;
  align: Align;
  onClose: () => void;
};

/**
 * Shows a panel over everything else, beside its anchor. Escape, a press elsewhere and leaving it
 * by Tab close it.
 */
export function usePopover(panel: { current: HTMLElement | null }, options: PopoverOptions): void {
  const latest = useRef(options);
  latest.current = options;

  useLayoutEffect(() => {
    const element = panel.current;
    if (!element) return;
    // The top layer: no ancestor can cut it off. Browsers without it show the panel in its place.
    if (typeof element.showPopover === "function") element.showPopover();
    const place = () => {
      const { anchor, side, align } = latest.current;
      if (!anchor.current) return;
      const { left, top } = placeBeside(
        anchor.current.getBoundingClientRect(),
        { width: element.offsetWidth, height: element.offsetHeight },
        { width: document.documentElement.clientWidth, height: window.innerHeight },
        side,
        onScreen(align, anchor.current),
      );
      element.style.setProperty("left", `${left}px`);
      element.style.setProperty("top", `${top}px`);
    };
    place();
    const abort = new AbortController();
    const { signal } = abort;
    addEventListener("resize", place, { signal });
    addEventListener("scroll", place, { signal, capture: true, passive: true });
    return () => abort.abort();
  }, [panel]);

  useLayoutEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const isInside = (event: Event) => {
      const path = event.composedPath();
      const { anchor } = latest.current;
      return [panel.current, anchor.current].some((each) => each !== null && path.includes(each));
    };
    const closeOutside = (event: Event) => {
      if (!isInside(event)) latest.current.onClose();
    };
    addEventListener("pointerdown", closeOutside, { signal, capture: true });
    const element = panel.current;
    element?.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape") return;
        // Only the calendar closes, not the window that the chat may be in.
        event.stopPropagation();
        event.preventDefault();
        latest.current.onClose();
      },
      { signal },
    );
    element?.addEventListener(
      "focusout",
      (event) => {
        const to = event.relatedTarget;
        if (!(to instanceof Node) || element.contains(to)) return;
        if (to !== latest.current.anchor.current) latest.current.onClose();
      },
      { signal },
    );
    return () => abort.abort();
  }, [panel]);
}

/** Start and end by the direction of reading. */
function onScreen(align: Align, anchor: HTMLElement): Align {
  if (align === "center" || getComputedStyle(anchor).direction !== "rtl") return align;
  return align === "start" ? "end" : "start";
}
