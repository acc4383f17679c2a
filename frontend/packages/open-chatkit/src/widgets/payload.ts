/** An action's payload, merged with the values of the surrounding form. */

import type { ActionConfig, FormData } from "./types";

const UNSAFE = new Set(["__proto__", "prototype", "constructor"]);

/** A named field's value. */
export type FieldValue = string | boolean;

/** Converts dotted names such as `a.b` to nested objects. */
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
      const next: FormData = isPlainObject(inside) ? inside : {};
      at[part] = next;
      at = next;
    }
    at[path.at(-1) ?? name] = value;
  }
  return root;
}

/**
 * Adds form values to an action's payload. Existing payload values win; `collisions` lists the fields
 * that differ from them and were dropped.
 */
export function withForm(
  action: ActionConfig,
  form: FormData | undefined,
): { action: ActionConfig; collisions: string[] } {
  if (!form || Object.keys(form).length === 0) return { action, collisions: [] };
  const { payload } = action;
  if (payload !== undefined && payload !== null && !isPlainObject(payload)) {
    return { action, collisions: Object.keys(form) };
  }
  const collisions: string[] = [];
  const merged = merge(payload ?? {}, form, "", collisions);
  return { action: { ...action, payload: merged }, collisions };
}

function merge(own: FormData, form: FormData, at: string, collisions: string[]): FormData {
  const merged = { ...own };
  for (const [name, value] of Object.entries(form)) {
    const existing = own[name];
    if (!Object.hasOwn(own, name)) merged[name] = value;
    else if (isPlainObject(existing) && isPlainObject(value)) {
      merged[name] = merge(existing, value, `${at}${name}.`, collisions);
    } else if (existing !== value) collisions.push(`${at}${name}`);
  }
  return merged;
}

function isPlainObject(value: unknown): value is FormData {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
