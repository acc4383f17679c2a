import { useRef } from "preact/hooks";
import { Children } from "../Children";
import { color } from "../colors";
import { box, defined, length, spacing } from "../css";
import { OnSurface, useSurface } from "../surface";
import { childrenOf, siblingKeys } from "../tree";
import type { BoxProps, Shape } from "../types";
import { useRowFit } from "../useRowFit";

type Direction = "row" | "col";
type Gap = "none" | "small" | "medium";

/** Returns the classes of a flex container, for its direction and unset properties. */
export function boxClass(node: BoxProps, direction: Direction, gap: Gap): string {
  const open = node.align === undefined || node.align === null;
  const isSized = [node.width, node.size, node.flex].some((size) => size !== undefined);
  return [
    "w-box",
    `w-${direction}`,
    open ? `w-${direction}-open` : "",
    node.gap === undefined || node.gap === null ? `w-gap-${gap}` : "",
    isSized ? "w-sized" : "",
  ]
    .filter(Boolean)
    .join(" ");
}

type ContainerProps = { node: BoxProps; direction: Direction; gap: Gap; class?: string };

function Container({ node, direction, gap, class: more = "" }: ContainerProps) {
  const ref = useRef<HTMLDivElement>(null);
  const { surface, style } = useSurface(node.background);
  useRowFit(ref, direction === "row" && !node.wrap);
  return (
    <div
      ref={ref}
      class={`${more}${boxClass(node, direction, gap)}`}
      style={{ ...box(node), ...style }}
    >
      <OnSurface surface={surface}>
        <Children of={node as { children?: unknown }} />
      </OnSurface>
    </div>
  );
}

export function Box({ node }: { node: Shape<"Box"> }) {
  return <Container node={node} direction={node.direction === "row" ? "row" : "col"} gap="none" />;
}

export function Row({ node }: { node: Shape<"Row"> }) {
  return <Container node={node} direction="row" gap="medium" class="w-stretch " />;
}

export function Col({ node }: { node: Shape<"Col"> }) {
  return <Container node={node} direction="col" gap="small" class="w-stretch " />;
}

/** A root without a frame, which may contain other roots. */
export function Basic({ node }: { node: Shape<"Basic"> }) {
  const theme = node.theme ? `w-theme-${node.theme} ` : "";
  return (
    <Container
      node={node}
      direction={node.direction === "row" ? "row" : "col"}
      gap="medium"
      class={`w-basic ${theme}`}
    />
  );
}

export function Spacer({ node }: { node: Shape<"Spacer"> }) {
  return (
    <div
      class="w-spacer"
      style={defined({ flex: node.minSize ? `1 0 ${length(node.minSize)}` : undefined })}
    />
  );
}

export function Divider({ node }: { node: Shape<"Divider"> }) {
  return (
    <hr
      class={`w-divider${node.flush ? " w-flush" : ""}`}
      style={defined({
        "--w-divider-color": color(node.color, "border"),
        "--w-divider-size": length(node.size),
        "--w-divider-space": spacing(node.spacing),
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
