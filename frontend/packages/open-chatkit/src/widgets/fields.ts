/** Reads the fields of a form and links labels to them. */

import { type FieldValue, nested } from "./payload";
import type { FormData } from "./types";

type NativeField = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** Marks the part of a widget in which labels find their fields. */
export const SCOPE = "data-w-scope";
/** Marks the focusable element of a field, with the field's name. */
export const FIELD = "data-w-field";

/** Returns the values of the form around an element; undefined if there is none. */
export function formValues(element: Element | null): FormData | undefined {
  const form = element?.closest("form");
  if (!form) return undefined;
  return nested([...form.querySelectorAll<NativeField>("input, textarea, select")].flatMap(entry));
}

function entry(field: NativeField): [string, FieldValue][] {
  if (field.name === "" || field.disabled) return [];
  // Radio buttons have a unique group name, because browsers group them by name within a form.
  const name = field.dataset.name ?? field.name;
  if (field instanceof HTMLInputElement) {
    if (field.type === "checkbox") return [[name, field.checked]];
    if (field.type === "radio") return field.checked ? [[name, field.value]] : [];
  }
  return [[name, field.value]];
}

let lastId = 0;

/** Returns a unique ID. */
export function newId(): string {
  lastId += 1;
  return `ckw-${lastId}`;
}

/** Labels the fields in the scope of an element with their label nodes. */
export function linkLabels(element: Element | null): void {
  const scope = element?.closest(`[${SCOPE}]`);
  if (!scope) return;
  for (const label of scope.querySelectorAll<HTMLLabelElement>("label[data-w-for]")) {
    const name = label.dataset.wFor ?? "";
    const field = [...scope.querySelectorAll(`[${FIELD}]`)].find(
      (each) => each.getAttribute(FIELD) === name,
    );
    if (!field) continue;
    if (label.id === "") label.id = newId();
    if (field.id === "") field.id = newId();
    label.htmlFor = field.id;
    // Overrides the aria-label of fields without a label. A button's value is its text.
    const value = field.querySelector("[data-w-value]");
    if (value && value.id === "") value.id = newId();
    field.setAttribute("aria-labelledby", [label.id, ...(value ? [value.id] : [])].join(" "));
  }
}

/** Converts `due_date` or `task.dueDate` to "Due date", for fields without a label. */
export function readableName(name: string): string {
  const words = (name.split(".").at(-1) ?? name)
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim()
    .toLowerCase();
  return words === "" ? name : words[0]?.toUpperCase() + words.slice(1);
}
