/** Where the focus goes when what had it goes away: never to nowhere, the top of the page. */

import type { Ui } from "./context";

/** What has the focus inside of the element. */
export function focused(ui: Ui): Element | null {
  const root = ui.frame.getRootNode();
  return root instanceof ShadowRoot ? root.activeElement : document.activeElement;
}

/** To the messages: Tab goes on to the composer, and no phone opens its keyboard. */
export function focusThread(ui: Ui): void {
  ui.frame.querySelector<HTMLElement>("[part~=thread]")?.focus({ preventScroll: true });
}
