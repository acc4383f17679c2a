/** Reads a widget's tree and skips invalid parts. */

import { textOf } from "../core/readItem";
import type { WidgetNode } from "./types";

/** Returns a node's valid children. */
export function childrenOf(node: { children?: unknown }): WidgetNode[] {
  const { children } = node;
  const list = Array.isArray(children) ? children : [children];
  return list.filter(isNode);
}

/** Returns whether a value is a node: an object with a type. */
export function isNode(value: unknown): value is WidgetNode {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { type?: unknown }).type === "string"
  );
}

/**
 * Returns keys for siblings, so that a view is kept when others are added or removed before it: by
 * key, ID, field name, or position among those of its type.
 */
export function siblingKeys(nodes: readonly WidgetNode[]): string[] {
  const seen = new Map<string, number>();
  return nodes.map((node) => {
    const own = textOf(node.key) || textOf(node.id);
    const name = textOf(node.name);
    const base = own ? `=${own}` : `${node.type}:${name}`;
    const nth = seen.get(base) ?? 0;
    seen.set(base, nth + 1);
    return nth === 0 ? base : `${base}#${nth}`;
  });
}

/** Returns the text of a node and its children, as a replacement for a node that can't be rendered. */
export function textIn(node: WidgetNode, limit = 400): string {
  const texts: string[] = [];
  const visit = (each: WidgetNode, depth: number): void => {
    if (depth > 20) return;
    for (const field of ["value", "label", "title", "text", "alt"]) {
      const word = each[field];
      if (typeof word === "string" && word.trim() !== "") texts.push(word.trim());
    }
    for (const child of childrenOf(each)) visit(child, depth + 1);
  };
  visit(node, 0);
  const text = texts.join(" · ");
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
