import { Children } from "../Children";
import { box, color, colored, defined, length, spacing } from "../css";
import { childrenOf, siblingKeys } from "../tree";
import type { BoxProps, Shape } from "../types";

/** Returns the classes of a flex container, for its direction and unset properties. */
export function boxClass(
  node: BoxProps,
  direction: "row" | "col",
  gap: "none" | "small" | "medium",
): string {
  const open = node.align === undefined || node.align === null;
  return [
    "w-box",
    `w-${direction}`,
    open ? `w-${direction}-open` : "",
    node.gap === undefined || node.gap === null ? `w-gap-${gap}` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

export function Box({ node }: { node: Shape<"Box"> }) {
  const direction = node.direction === "row" ? "row" : "col";
  return (
    <div class={boxClass(node, direction, "none")} style={box(node)}>
      <Children of={node} />
    </div>
  );
}

export function Row({ node }: { node: Shape<"Row"> }) {
  return (
    <div class={boxClass(node, "row", "medium")} style={box(node)}>
      <Children of={node} />
    </div>
  );
}

export function Col({ node }: { node: Shape<"Col"> }) {
  return (
    <div class={boxClass(node, "col", "small")} style={box(node)}>
      <Children of={node} />
    </div>
  );
}

/** A root without a frame, which may contain other roots. */
export function Basic({ node }: { node: Shape<"Basic"> }) {
  const direction = node.direction === "row" ? "row" : "col";
  const theme = node.theme ? ` w-theme-${node.theme}` : "";
  return (
    <div class={`w-basic ${boxClass(node, direction, "medium")}${theme}`} style={box(node)}>
      <Children of={node} />
    </div>
  );
}

export function Spacer({ node }: { node: Shape<"Spacer"> }) {
  return <div class="w-spacer" style={defined({ "flex-basis": length(node.minSize) })} />;
}

export function Divider({ node }: { node: Shape<"Divider"> }) {
  return (
    <hr
      class={`w-divider${node.flush ? " w-flush" : ""}`}
      style={defined({
        "border-block-start-color": color(node.color, "border"),
        "border-block-start-width": length(node.size),
        "margin-block": spacing(node.spacing),
      })}
    />
  );
}

/** Animates a child that replaces another one. */
export function Transition({ node }: { node: Shape<"Transition"> }) {
  const [child] = childrenOf(node);
  if (!child) return null;
  return (
    <div class="w-transition" key={`${siblingKeys([child])[0]}:${child.type}`}>
      <Children of={{ children: child }} />
    </div>
  );
}

/** Returns the style of a surface's background. */
export function surfaceStyle(background: Parameters<typeof colored>[1]) {
  return colored("background", background, "background");
}
