/** What fields of all kinds have in common. */

import { isTyping } from "../focus";

/** Whether password managers and the browser may fill a field in. */
export function autofill(allowed: boolean | undefined, hint?: string): Record<string, string> {
  if (allowed) return hint ? { autocomplete: hint } : {};
  return {
    autocomplete: hint ?? "off",
    "data-1p-ignore": "",
    "data-lpignore": "true",
    "data-form-type": "other",
  };
}

/** Gives a new field the focus if that is wanted and the person isn't writing elsewhere. */
export function focusOnMount(field: HTMLElement | null, wanted: boolean | undefined): void {
  if (wanted && field && !isTyping(field)) field.focus({ preventScroll: true });
}

/** Selects what a field holds when it gets the focus. */
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

/** The class of a control: how it is drawn, and how big. */
export function controlClass(kind: string, node: Looks, variant: string, size = "md"): string {
  return [
    kind,
    "w-control",
    `w-variant-${node.variant ?? variant}`,
    `w-size-${node.size ?? size}`,
    node.pill ? "w-pill" : "",
    node.block ? "w-block" : "",
    node.gutterSize ? `w-gutter-${node.gutterSize}` : "",
  ]
    .filter(Boolean)
    .join(" ");
}
