import { useLayoutEffect, useRef } from "preact/hooks";
import { type Align, positionBeside, type Side } from "./popoverPosition";

export type PopoverOptions = {
  anchor: { current: HTMLElement | null };
  side: Side;
  align: Align;
  onClose: () => void;
};

/**
 * Shows a panel above everything else, beside its anchor. Escape, a press outside and tabbing out
 * close it.
 */
export function usePopover(panel: { current: HTMLElement | null }, options: PopoverOptions): void {
  const latest = useRef(options);
  latest.current = options;

  useLayoutEffect(() => {
    const element = panel.current;
    if (!element) return;
    // The top layer isn't clipped by ancestors. Browsers without it show the panel inline.
    if (typeof element.showPopover === "function") element.showPopover();
    const updatePosition = () => {
      const { anchor, side, align } = latest.current;
      if (!anchor.current) return;
      const { left, top } = positionBeside(
        anchor.current.getBoundingClientRect(),
        { width: element.offsetWidth, height: element.offsetHeight },
        { width: document.documentElement.clientWidth, height: window.innerHeight },
        side,
        physicalAlign(align, anchor.current),
      );
      element.style.setProperty("left", `${left}px`);
      element.style.setProperty("top", `${top}px`);
    };
    updatePosition();
    const abort = new AbortController();
    const { signal } = abort;
    addEventListener("resize", updatePosition, { signal });
    addEventListener("scroll", updatePosition, { signal, capture: true, passive: true });
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
        // Close only the panel, not a dialog that contains the chat.
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

/** Swaps start and end in right-to-left text. */
function physicalAlign(align: Align, anchor: HTMLElement): Align {
  if (align === "center" || getComputedStyle(anchor).direction !== "rtl") return align;
  return align === "start" ? "end" : "start";
}
