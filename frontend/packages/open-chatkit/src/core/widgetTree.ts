/** Finds and updates nodes of a widget's tree without changing the rest. */

import type { WidgetNode } from "./types";

/**
 * Replaces the node with an ID by the result of `change`. The path to it is copied; all other nodes
 * keep their identity. Returns null if there is no such node.
 */
export function changeNode(
  root: WidgetNode,
  id: string,
  change: (node: WidgetNode) => WidgetNode,
): WidgetNode | null {
  if (root.id === id) return change(root);
  const { children } = root;
  if (Array.isArray(children)) {
    for (const [index, child] of children.entries()) {
      const changed = changeNode(child, id, change);
      if (changed !== null) return { ...root, children: children.with(index, changed) };
    }
  } else if (children) {
    const changed = changeNode(children, id, change);
    if (changed !== null) return { ...root, children: changed };
  }
  return null;
}

/** Appends streamed text to a `Text` or `Markdown` node. */
export function appendText(node: WidgetNode, delta: string, done: boolean): WidgetNode {
  const value = typeof node.value === "string" ? node.value : "";
  return { ...node, value: value + delta, streaming: !done };
}
