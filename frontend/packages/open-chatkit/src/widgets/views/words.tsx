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

/** The class of a text: its weight, its side, and how it is cut. */
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

/** A text's color, and how many lines it may have. */
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

/** Markdown as messages show it; without a renderer its paragraphs. */
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
