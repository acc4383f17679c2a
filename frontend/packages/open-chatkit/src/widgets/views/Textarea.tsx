import { useLayoutEffect, useRef } from "preact/hooks";
import { FIELD, linkLabels, readableName } from "../fields";
import type { Shape } from "../types";
import { autofill, controlClass, focusOnMount, selectAll } from "./field";

/** A multi-line field with a fixed number of rows, or as high as its content. */
export function Textarea({ node }: { node: Shape<"Textarea"> }) {
  const ref = useRef<HTMLTextAreaElement>(null);
  const rows = node.rows ?? 3;
  const fit = () => {
    if (ref.current && node.autoResize) fitRows(ref.current, rows, node.maxRows);
    checkPattern(ref.current, node.pattern);
  };
  useLayoutEffect(() => {
    linkLabels(ref.current);
    fit();
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when it appears.
  useLayoutEffect(() => focusOnMount(ref.current, node.autoFocus), []);
  return (
    <textarea
      ref={ref}
      class={controlClass("w-textarea", node, "outline")}
      name={node.name}
      defaultValue={node.defaultValue ?? ""}
      placeholder={node.placeholder}
      required={node.required === true}
      disabled={node.disabled === true}
      rows={rows}
      aria-label={node.placeholder || readableName(node.name)}
      dir="auto"
      onInput={fit}
      {...(node.autoSelect ? { onFocus: selectAll } : {})}
      {...autofill(node.allowAutofillExtensions)}
      {...{ [FIELD]: node.name }}
    />
  );
}

function fitRows(field: HTMLTextAreaElement, least: number, most = 12): void {
  field.rows = least;
  while (field.rows < Math.max(least, most) && field.scrollHeight > field.clientHeight + 1) {
    field.rows += 1;
  }
}

/** Validates `pattern`, which browsers do only for inputs. */
function checkPattern(field: HTMLTextAreaElement | null, pattern: string | undefined): void {
  if (!field || !pattern) return;
  let isWrong = false;
  try {
    isWrong = field.value !== "" && !new RegExp(`^(?:${pattern})$`, "v").test(field.value);
  } catch {
    // An invalid pattern is ignored, as on inputs.
  }
  field.setCustomValidity(isWrong ? pattern : "");
}
