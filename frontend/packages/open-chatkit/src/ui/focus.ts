/** Moves the focus when the focused control disappears, so that it isn't lost to the page. */

import type { Ui } from "./context";

/** Returns the focused node inside the element. */
export function focused(ui: Ui): Element | null {
  const root = ui.frame.getRootNode();
  return root instanceof ShadowRoot ? root.activeElement : document.activeElement;
}

/** Focuses the messages: Tab leads to the composer, and phones don't open their keyboard. */
export function focusThread(ui: Ui): void {
  ui.frame.querySelector<HTMLElement>("[part~=thread]")?.focus({ preventScroll: true });
}
