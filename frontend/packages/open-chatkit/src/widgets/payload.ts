/** What an action carries: its own payload, and the values of the form around it. */

import type { ActionConfig, FormData } from "./types";

const UNSAFE = new Set(["__proto__", "prototype", "constructor"]);

/** A named field's value. */
export type FieldValue = string | boolean;

/** Turns `a.b` into an object inside an object. */
export function nested(fields: Iterable<readonly [name: string, value: FieldValue]>): FormData {
  const root: FormData = {};
  for (const [name, value] of fields) {
    const path = name.split(".");
    if (path.some((part) => part === "" || UNSAFE.has(part))) {
      if (!UNSAFE.has(name)) root[name] = value;
      continue;
    }
    let at: FormData = root;
    for (const part of path.slice(0, -1)) {
      const inside = at[part];
      const next: FormData = isPlain(inside) ? inside : {};
      at[part] = next;
      at = next;
    }
    at[path.at(-1) ?? name] = value;
  }
  return root;
}

/**
 * Adds form values to an action's payload. What the payload says already stays; `collisions` names
 * the fields that were left out and differ.
 */
export function withForm(
  action: ActionConfig,
  form: FormData | undefined,
): { action: ActionConfig; collisions: string[] } {
  if (!form || Object.keys(form).length === 0) return { action, collisions: [] };
  const { payload } = action;
  if (payload !== undefined && payload !== null && !isPlain(payload)) {
    return { action, collisions: Object.keys(form) };
  }
  const collisions: string[] = [];
  const merged = merge(payload ?? {}, form, "", collisions);
  return { action: { ...action, payload: merged }, collisions };
}

function merge(own: FormData, form: FormData, at: string, collisions: string[]): FormData {
  const merged = { ...own };
  for (const [name, value] of Object.entries(form)) {
    const there = own[name];
    if (!Object.hasOwn(own, name)) merged[name] = value;
    else if (isPlain(there) && isPlain(value)) {
      merged[name] = merge(there, value, `${at}${name}.`, collisions);
    } else if (there !== value) collisions.push(`${at}${name}`);
  }
  return merged;
}

function isPlain(value: unknown): value is FormData {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
