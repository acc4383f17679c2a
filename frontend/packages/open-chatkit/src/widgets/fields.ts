/** Reads the fields of a form, and ties labels to them. */

import { type FieldValue, nested } from "./payload";
import type { FormData } from "./types";

type NativeField = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** Marks the part of a widget in which labels look for their fields. */
export const SCOPE = "data-w-scope";
/** Marks the element of a field that takes the focus, by the field's name. */
export const FIELD = "data-w-field";

/** Returns the values of the form around an element; undefined outside of forms. */
export function formValues(element: Element | null): FormData | undefined {
  const form = element?.closest("form");
  if (!form) return undefined;
  return nested([...form.querySelectorAll<NativeField>("input, textarea, select")].flatMap(entry));
}

function entry(field: NativeField): [string, FieldValue][] {
  if (field.name === "" || field.disabled) return [];
  // A browser makes radio buttons of one name a group within a form; ours carry an own group name.
  const name = field.dataset.name ?? field.name;
  if (field instanceof HTMLInputElement) {
    if (field.type === "checkbox") return [[name, field.checked]];
    if (field.type === "radio") return field.checked ? [[name, field.value]] : [];
  }
  return [[name, field.value]];
}

let lastId = 0;

/** Returns an id that nothing else in the page has from here. */
export function newId(): string {
  lastId += 1;
  return `ckw-${lastId}`;
}

/** Gives each field around an element the name that its label says. */
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
    // Stronger than the aria-label that fields without a label are read by. A button's value is
    // the text that it shows.
    const value = field.querySelector("[data-w-value]");
    if (value && value.id === "") value.id = newId();
    field.setAttribute("aria-labelledby", [label.id, ...(value ? [value.id] : [])].join(" "));
  }
}

/** Reads `due_date` or `task.dueDate` as words, for fields that have no label. */
export function readableName(name: string): string {
  const words = (name.split(".").at(-1) ?? name)
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim()
    .toLowerCase();
  return words === "" ? name : words[0]?.toUpperCase() + words.slice(1);
}
