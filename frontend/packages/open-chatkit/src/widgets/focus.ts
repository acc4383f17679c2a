/** Restores the focus when an update replaces the focused control. */

import { SCOPE } from "./fields";

const FOCUSABLE = "button, input:not([type=hidden]), select, textarea, a[href], [tabindex]";

/** The focused element, its scope, and its index in the scope. */
export type CapturedFocus = { element: HTMLElement; scope: Element; index: number };

/** Returns the focus within a widget; null if it is elsewhere. */
export function captureFocus(root: HTMLElement | null): CapturedFocus | null {
  if (!root) return null;
  const element = activeElement(root);
  if (!(element instanceof HTMLElement) || !root.contains(element)) return null;
  const scope = element.closest(`[${SCOPE}]`) ?? root;
  return { element, scope, index: focusables(scope).indexOf(element) };
}

/** Restores a lost focus; does nothing if the user has moved it. */
export function restoreFocus(captured: CapturedFocus | null, root: HTMLElement | null): void {
  if (!captured || !root) return;
  // Use the document's activeElement: a shadow root reports none if the focus is elsewhere.
  const { activeElement: now, body } = root.ownerDocument;
  if (now !== null && now !== body) return;
  if (root.contains(captured.element)) {
    captured.element.focus({ preventScroll: true });
    return;
  }
  const scope = root.contains(captured.scope) ? captured.scope : root;
  const candidates = focusables(scope);
  candidates[Math.min(captured.index, candidates.length - 1)]?.focus({ preventScroll: true });
}

/** Returns whether the user is typing; the focus must not move then. */
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
