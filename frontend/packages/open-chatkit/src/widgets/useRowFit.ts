import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** Marks a row that must wrap. */
const TIGHT = "data-w-tight";

/** Returns true if a very long word is broken in less than half of the row. */
function isSqueezed(row: HTMLElement): boolean {
  return [...row.children].some((text) => {
    if (!text.classList.contains("w-anywhere") || text.clientWidth * 2 > row.clientWidth)
      return false;
    return text.clientHeight > 1.5 * Number.parseFloat(getComputedStyle(text).lineHeight);
  });
}

function fit(row: HTMLElement): void {
  row.removeAttribute(TIGHT);
  const isTight = row.scrollWidth > row.clientWidth + 1 || isSqueezed(row);
  if (isTight) row.setAttribute(TIGHT, "");
}

/**
 * Lets a row wrap as long as its content is wider than the row even with one word per line. CSS alone
 * wraps before texts become narrower.
 */
export function useRowFit(row: RefObject<HTMLElement | null>, isRow: boolean): void {
  useLayoutEffect(() => {
    if (isRow && row.current) fit(row.current);
  });
  useLayoutEffect(() => {
    const element = row.current;
    if (!isRow || !element || typeof ResizeObserver === "undefined") return;
    let width = element.clientWidth;
    const observer = new ResizeObserver(() => {
      // Wrapping changes the height only.
      if (element.clientWidth === width) return;
      width = element.clientWidth;
      fit(element);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [row, isRow]);
}
