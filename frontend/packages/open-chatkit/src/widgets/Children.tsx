import { type ComponentChildren, type ComponentType, createContext } from "preact";
import { useContext } from "preact/hooks";
import { childrenOf, siblingKeys } from "./tree";
import type { WidgetNode } from "./types";

/**
 * The view that renders one node. `WidgetView` provides it, so that container views don't import the
 * table that lists them.
 */
export const NodeViewContext = createContext<ComponentType<{ node: WidgetNode }>>(() => null);

/** Renders the children of a node. */
export function Children({ of }: { of: { children?: unknown } }): ComponentChildren {
  const NodeView = useContext(NodeViewContext);
  const nodes = childrenOf(of);
  const keys = siblingKeys(nodes);
  return (
    <>
      {nodes.map((node, index) => (
        <NodeView key={keys[index]} node={node} />
      ))}
    </>
  );
}
