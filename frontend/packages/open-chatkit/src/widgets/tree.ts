/** Reads a widget's tree as it comes, and keeps apart what may be wrong in it. */

import { textOf } from "../core/readItem";
import type { WidgetNode } from "./types";

/** The children of a node that can be views. */
export function childrenOf(node: { children?: unknown }): WidgetNode[] {
  const { children } = node;
  const list = Array.isArray(children) ? children : [children];
  return list.filter(isNode);
}

/** Whether something is a node: an object with a type. */
export function isNode(value: unknown): value is WidgetNode {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { type?: unknown }).type === "string"
  );
}

/**
 * Names siblings so that a view stays the same view when others come or go before it: by key, id,
 * the name of a field, or the place among those of its type.
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

/** All the words in a part of a tree, for people who can't be shown the part itself. */
export function wordsIn(node: WidgetNode, limit = 400): string {
  const words: string[] = [];
  const visit = (each: WidgetNode, depth: number): void => {
    if (depth > 20) return;
    for (const field of ["value", "label", "title", "text", "alt"]) {
      const word = each[field];
      if (typeof word === "string" && word.trim() !== "") words.push(word.trim());
    }
    for (const child of childrenOf(each)) visit(child, depth + 1);
  };
  visit(node, 0);
  const text = words.join(" · ");
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
