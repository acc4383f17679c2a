import { Component, type ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Children } from "./Children";
import { Custom } from "./Custom";
import { useRuntime, useSettings } from "./context";
import { prepare } from "./prepare";
import { childrenOf, isNode, textIn } from "./tree";
import type { WidgetNode } from "./types";
import { views } from "./views";

/** Renders one node of a widget's tree; re-renders only when the node changes. */
export class NodeView extends Component<{ node: WidgetNode }, { failed: WidgetNode | null }> {
  override state = { failed: null as WidgetNode | null };

  override shouldComponentUpdate(
    next: { node: WidgetNode },
    state: { failed: WidgetNode | null },
  ): boolean {
    return next.node !== this.props.node || state.failed !== this.state.failed;
  }

  /** Contains the error of a view, so that other views stay. */
  override componentDidCatch(error: unknown): void {
    this.setState({ failed: this.props.node });
    this.#reason = String(error);
  }

  #reason = "";

  override render({ node }: { node: WidgetNode }, { failed }: { failed: WidgetNode | null }) {
    if (failed === node) return <Fallback node={node} reason={this.#reason} />;
    return <NodeBody node={node} />;
  }
}

function NodeBody({ node }: { node: WidgetNode }) {
  const { registry } = useSettings();
  const type = isNode(node) ? node.type : "";
  const custom = Object.hasOwn(registry, type) ? registry[type] : undefined;
  if (custom) return <Custom node={node} custom={custom} />;
  const View: ComponentType<{ node: never }> | undefined = Object.hasOwn(views, type)
    ? (views[type] as ComponentType<{ node: never }>)
    : undefined;
  if (!View) return <Fallback node={node} reason="unknown" />;
  return <Prepared node={node} View={View} />;
}

/** Draws a node with known values only; each view validates the rest. */
function Prepared({ node, View }: { node: WidgetNode; View: ComponentType<{ node: never }> }) {
  const runtime = useRuntime();
  const { node: known, unknown } = prepare(node);
  useEffect(() => {
    for (const each of unknown) runtime.log("widget.value.unknown", { type: node.type, ...each });
  }, [runtime, node.type, unknown]);
  return <View node={known as never} />;
}

/** Replaces a node that can't be rendered by its children, or else by its text. */
function Fallback({ node, reason }: { node: WidgetNode; reason: string }) {
  const runtime = useRuntime();
  const { strings } = useSettings();
  const type = isNode(node) ? node.type : "?";
  useEffect(() => {
    const name = reason === "unknown" ? "widget.component.unknown" : "widget.component.failed";
    runtime.log(name, { type, reason });
  }, [runtime, type, reason]);
  const hasParts = reason === "unknown" && childrenOf(node).length > 0;
  return (
    <div class="w-fallback">
      <p class="w-fallback-note">{strings.unknown(type)}</p>
      {hasParts ? <Children of={node} /> : <p>{isNode(node) ? textIn(node) : ""}</p>}
    </div>
  );
}
