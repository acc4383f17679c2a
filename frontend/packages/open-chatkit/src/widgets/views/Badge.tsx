import type { Shape } from "../types";
import { hasText, wordClass } from "./typography";

export function Badge({ node }: { node: Shape<"Badge"> }) {
  if (!hasText(node.label)) return null;
  const classes = [
    "w-badge",
    `w-badge-${node.size ?? "md"}`,
    `w-tone-${node.color ?? "secondary"}`,
    `w-variant-${node.variant ?? "soft"}`,
    node.pill ? "w-pill" : "",
    wordClass(node.label),
  ];
  return <span class={classes.filter(Boolean).join(" ")}>{node.label}</span>;
}
