import { useLayoutEffect, useRef } from "preact/hooks";
import { block, defined } from "../css";
import { FIELD, linkLabels, readableName } from "../fields";
import type { Shape } from "../types";
import { autofill, focusOnMount, selectAll } from "./field";
import { hasText, textClass, useTextStyle } from "./typography";

type TextShape = Shape<"Text">;
type Editable = Exclude<TextShape["editable"], false | undefined>;

/** A text; a streaming text has the class `w-streaming`. */
export function Text({ node }: { node: TextShape }) {
  const looks = [
    textClass("w-text", node.size ?? "md", node),
    node.italic ? "w-italic" : "",
    node.lineThrough ? "w-line-through" : "",
    node.streaming ? "w-streaming" : "",
  ];
  const style = {
    ...useTextStyle(node),
    ...defined({
      ...(node.width === undefined ? {} : block({ width: node.width })),
      "min-height": node.minLines ? `${node.minLines * 1.5}em` : undefined,
    }),
  };
  const className = looks.filter(Boolean).join(" ");
  if (node.editable) {
    return <EditableText node={node} editable={node.editable} class={className} style={style} />;
  }
  // A text that is streamed begins empty.
  if (!hasText(node.value) && !node.minLines && node.streaming === undefined) return null;
  return (
    <p class={className} style={style} aria-busy={node.streaming === true ? true : undefined}>
      {node.lineThrough ? <s>{node.value}</s> : node.value}
    </p>
  );
}

type EditableProps = {
  node: TextShape;
  editable: Editable;
  class: string;
  style: Record<string, string>;
};

function EditableText({ node, editable, class: className, style }: EditableProps) {
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  useLayoutEffect(() => linkLabels(field.current));
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when it appears.
  useLayoutEffect(() => focusOnMount(field.current, editable.autoFocus), []);
  const common = {
    ref: field,
    class: `w-editable ${className}`,
    style,
    name: editable.name,
    defaultValue: node.value ?? "",
    placeholder: editable.placeholder,
    required: editable.required === true,
    "aria-label": editable.placeholder ?? readableName(editable.name),
    dir: "auto" as const,
    ...(editable.autoSelect ? { onFocus: selectAll } : {}),
    ...autofill(editable.allowAutofillExtensions, editable.autoComplete),
    [FIELD]: editable.name,
  };
  return (node.minLines ?? 1) > 1 ? (
    <textarea {...common} rows={node.minLines} />
  ) : (
    <input {...common} type="text" pattern={editable.pattern} />
  );
}
