/** Helpers for all kinds of fields. */

import { isTyping } from "../focus";

/** Returns the attributes that allow or prevent autofill by browsers and password managers. */
export function autofill(allowed: boolean | undefined, hint?: string): Record<string, string> {
  if (allowed) return hint ? { autocomplete: hint } : {};
  return {
    autocomplete: hint ?? "off",
    "data-1p-ignore": "",
    "data-lpignore": "true",
    "data-form-type": "other",
  };
}

/** Focuses a new field on request, unless the user is typing elsewhere. */
export function focusOnMount(field: HTMLElement | null, wanted: boolean | undefined): void {
  if (wanted && field && !isTyping(field)) field.focus({ preventScroll: true });
}

/** Selects a field's content when it receives the focus. */
export function selectAll(event: Event): void {
  const { target } = event;
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) target.select();
}

type Looks = {
  variant?: string;
  size?: string;
  pill?: boolean;
  block?: boolean;
  gutterSize?: string;
};

/** Returns the classes of a control, for its variant and size. */
export function controlClass(kind: string, node: Looks, variant: string, size = "md"): string {
  return [
    kind,
    "w-control",
    `w-variant-${node.variant ?? variant}`,
    `w-size-${node.size ?? size}`,
    node.pill ? "w-pill" : node.pill === false ? "w-not-pill" : "",
    node.block ? "w-block" : "",
    node.gutterSize ? `w-gutter-${node.gutterSize}` : "",
  ]
    .filter(Boolean)
    .join(" ");
}
