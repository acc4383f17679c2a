/** Moves the focus within one text; addresses with `#` don't reach into a shadow root. */
export function focusIn(target: EventTarget | null, selector: string): void {
  const text = (target as Element | null)?.closest(".markdown");
  text?.querySelector<HTMLElement>(selector)?.focus();
}
