import { useLayoutEffect, useRef } from "preact/hooks";
import { linkLabels } from "../fields";
import type { Shape } from "../types";
import { textClass, textStyle } from "./typography";

/** A field's label. The field is looked up after rendering, because it may come later. */
export function Label({ node }: { node: Shape<"Label"> }) {
  const ref = useRef<HTMLLabelElement>(null);
  useLayoutEffect(() => linkLabels(ref.current));
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: linked to its field by `linkLabels`.
    <label
      ref={ref}
      class={textClass("w-label", node.size ?? "sm", node)}
      style={textStyle(node)}
      data-w-for={node.fieldName}
    >
      {node.value}
    </label>
  );
}
