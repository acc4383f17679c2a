import { useLayoutEffect, useRef } from "preact/hooks";
import { FIELD, linkLabels, readableName } from "../fields";
import type { Shape } from "../types";
import { autofill, controlClass, focusOnMount, selectAll } from "./field";

const TYPES = new Set(["number", "email", "text", "password", "tel", "url"]);

/** A single-line field. Updates keep what the user typed. */
export function Input({ node }: { node: Shape<"Input"> }) {
  const ref = useRef<HTMLInputElement>(null);
  const type = TYPES.has(node.inputType ?? "") ? String(node.inputType) : "text";
  // The widget's author is responsible for attributes that fit the type.
  const own: Record<string, string> = { [FIELD]: node.name, type };
  useLayoutEffect(() => linkLabels(ref.current));
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when it appears.
  useLayoutEffect(() => focusOnMount(ref.current, node.autoFocus), []);
  return (
    <input
      ref={ref}
      class={controlClass("w-input", node, "outline")}
      name={node.name}
      defaultValue={node.defaultValue ?? ""}
      placeholder={node.placeholder}
      required={node.required === true}
      disabled={node.disabled === true}
      pattern={node.pattern}
      aria-label={node.placeholder || readableName(node.name)}
      dir="auto"
      {...(node.autoSelect ? { onFocus: selectAll } : {})}
      {...autofill(node.allowAutofillExtensions)}
      {...own}
    />
  );
}
