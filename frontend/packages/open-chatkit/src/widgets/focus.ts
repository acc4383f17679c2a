/** Keeps the focus where it was when an update replaces the control that had it. */

import { SCOPE } from "./fields";

const FOCUSABLE = "button, input:not([type=hidden]), select, textarea, a[href], [tabindex]";

/** Where the focus was: in which part of the widget, and at which place there. */
export type FocusPlace = { element: HTMLElement; scope: Element; index: number };

/** Returns where the focus is within a widget; null if it is elsewhere. */
export function focusPlace(root: HTMLElement | null): FocusPlace | null {
  if (!root) return null;
  const element = activeElement(root);
  if (!(element instanceof HTMLElement) || !root.contains(element)) return null;
  const scope = element.closest(`[${SCOPE}]`) ?? root;
  return { element, scope, index: focusables(scope).indexOf(element) };
}

/** Gives the focus back if it was lost; does nothing if the person has moved it. */
export function restoreFocus(place: FocusPlace | null, root: HTMLElement | null): void {
  if (!place || !root) return;
  // The document's own answer: within a shadow root, focus elsewhere on the page looks like none.
  const { activeElement: now, body } = root.ownerDocument;
  if (now !== null && now !== body) return;
  if (root.contains(place.element)) {
    place.element.focus({ preventScroll: true });
    return;
  }
  const scope = root.contains(place.scope) ? place.scope : root;
  const there = focusables(scope);
  there[Math.min(place.index, there.length - 1)]?.focus({ preventScroll: true });
}

/** Whether the person is writing somewhere; nothing may take the focus then. */
export function isTyping(from: HTMLElement): boolean {
  const active = activeElement(from);
  return active instanceof HTMLElement && active.matches("input, textarea, [contenteditable]");
}

function focusables(scope: Element): HTMLElement[] {
  return [...scope.querySelectorAll<HTMLElement>(FOCUSABLE)];
}

function activeElement(from: HTMLElement): Element | null {
  const root = from.getRootNode();
  return "activeElement" in root ? (root as Document | ShadowRoot).activeElement : null;
}
