import { useSettings } from "../context";
import { defined } from "../css";
import { Icon } from "../Icon";
import { useInk } from "../surface";
import type { Color, Shape } from "../types";

type TextProps = {
  color?: Color;
  weight?: string;
  textAlign?: string;
  truncate?: boolean;
  maxLines?: number;
  value?: unknown;
};

/** Returns the class of a text with a word, such as an address, that may be wider than a phone. */
export function wordClass(value: unknown): string {
  return typeof value === "string" && /\S{25}/u.test(value) ? "w-anywhere" : "";
}

/** Returns the classes of a text, for its weight, alignment and truncation. */
export function textClass(kind: string, size: string, node: TextProps): string {
  const lines = node.truncate || (typeof node.maxLines === "number" && node.maxLines > 0);
  return [
    kind,
    `${kind}-${size}`,
    node.weight ? `w-weight-${node.weight}` : "",
    node.textAlign ? `w-text-${node.textAlign}` : "",
    node.truncate ? "w-truncate" : "",
    lines ? "w-clamp" : "",
    wordClass(node.value),
  ]
    .filter(Boolean)
    .join(" ");
}

/** Returns the style of a text: its color and maximum number of lines. */
export function useTextStyle(node: TextProps) {
  return defined({
    color: useInk(node.color),
    "-webkit-line-clamp": node.truncate
      ? "1"
      : typeof node.maxLines === "number" && node.maxLines > 0
        ? String(node.maxLines)
        : undefined,
  });
}

/** Returns whether there is anything to draw; an empty text would leave a gap. */
export function hasText(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

export function Title({ node }: { node: Shape<"Title"> }) {
  const style = useTextStyle(node);
  if (!hasText(node.value)) return null;
  return (
    <h3 class={textClass("w-title", node.size ?? "md", node)} style={style}>
      {node.value}
    </h3>
  );
}

export function Caption({ node }: { node: Shape<"Caption"> }) {
  const style = useTextStyle(node);
  if (!hasText(node.value)) return null;
  return (
    <p class={textClass("w-caption", node.size ?? "md", node)} style={style}>
      {node.value}
    </p>
  );
}

/** Markdown as in messages; without a renderer, plain paragraphs. */
export function Markdown({ node }: { node: Shape<"Markdown"> }) {
  const { markdown: View } = useSettings();
  const value = hasText(node.value) ? String(node.value) : "";
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
  const style = defined({ color: useInk(node.color) });
  if (!hasText(node.name)) return null;
  return (
    <span class={`w-icon-${node.size ?? "md"} w-icon-box`} style={style}>
      <Icon name={String(node.name)} />
    </span>
  );
}
