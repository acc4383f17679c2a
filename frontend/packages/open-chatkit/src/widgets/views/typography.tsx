import { useSettings } from "../context";
import { color, colored, defined } from "../css";
import { Icon } from "../Icon";
import type { Color, Shape } from "../types";

type TextProps = {
  color?: Color;
  weight?: string;
  textAlign?: string;
  truncate?: boolean;
  maxLines?: number;
};

/** Returns the classes of a text, for its weight, alignment and truncation. */
export function textClass(kind: string, size: string, node: TextProps): string {
  const lines = !node.truncate && typeof node.maxLines === "number" && node.maxLines > 0;
  return [
    kind,
    `${kind}-${size}`,
    node.weight ? `w-weight-${node.weight}` : "",
    node.textAlign ? `w-text-${node.textAlign}` : "",
    node.truncate ? "w-truncate" : "",
    lines ? "w-clamp" : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Returns the style of a text: its color and maximum number of lines. */
export function textStyle(node: TextProps) {
  return defined({
    color: color(node.color, "text"),
    "-webkit-line-clamp":
      typeof node.maxLines === "number" && node.maxLines > 0 ? String(node.maxLines) : undefined,
  });
}

export function Title({ node }: { node: Shape<"Title"> }) {
  return (
    <h3 class={textClass("w-title", node.size ?? "md", node)} style={textStyle(node)}>
      {node.value}
    </h3>
  );
}

export function Caption({ node }: { node: Shape<"Caption"> }) {
  return (
    <p class={textClass("w-caption", node.size ?? "md", node)} style={textStyle(node)}>
      {node.value}
    </p>
  );
}

/** Markdown as in messages; without a renderer, plain paragraphs. */
export function Markdown({ node }: { node: Shape<"Markdown"> }) {
  const { markdown: View } = useSettings();
  const value = typeof node.value === "string" ? node.value : "";
  return (
    <div class="w-markdown">
      {View ? (
        <View value={value} streaming={node.streaming === true} />
      ) : (
        value.split(/\n{2,}/).map((paragraph, index) => <p key={String(index)}>{paragraph}</p>)
      )}
    </div>
  );
}

export function IconView({ node }: { node: Shape<"Icon"> }) {
  return (
    <span
      class={`w-icon-${node.size ?? "md"} w-icon-box`}
      style={colored("color", node.color, "text")}
    >
      <Icon name={String(node.name)} />
    </span>
  );
}
