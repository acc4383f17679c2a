import type { Shape } from "../types";

export function Badge({ node }: { node: Shape<"Badge"> }) {
  const classes = [
    "w-badge",
    `w-badge-${node.size ?? "md"}`,
    `w-tone-${node.color ?? "secondary"}`,
    `w-variant-${node.variant ?? "soft"}`,
    node.pill ? "w-pill" : "",
  ];
  return <span class={classes.filter(Boolean).join(" ")}>{node.label}</span>;
}
