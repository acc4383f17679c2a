import { type RefObject, useEffect, useRef } from "react";

/** Scrolls the row that an element is in, such that the element is in its middle while it is current. */
export function useShownInRow<T extends HTMLElement>(isCurrent: boolean): RefObject<T | null> {
  const ref = useRef<T>(null);
  useEffect(() => {
    const row = ref.current?.parentElement;
    if (!isCurrent || !ref.current || !row) return;
    const [inner, outer] = [ref.current.getBoundingClientRect(), row.getBoundingClientRect()];
    row.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
  }, [isCurrent]);
  return ref;
}
