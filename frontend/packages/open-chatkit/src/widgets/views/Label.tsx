import { useLayoutEffect, useRef } from "preact/hooks";
import { linkLabels } from "../fields";
import type { Shape } from "../types";
import { hasText, textClass, useTextStyle } from "./typography";

/** A field's label. The field is looked up after rendering, because it may come later. */
export function Label({ node }: { node: Shape<"Label"> }) {
  const ref = useRef<HTMLLabelElement>(null);
  useLayoutEffect(() => linkLabels(ref.current));
  const style = useTextStyle(node);
  if (!hasText(node.value)) return null;
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: linked to its field by `linkLabels`.
    <label
      ref={ref}
      class={textClass("w-label", node.size ?? "sm", node)}
      style={style}
      data-w-for={node.fieldName}
    >
      {node.value}
    </label>
  );
}
