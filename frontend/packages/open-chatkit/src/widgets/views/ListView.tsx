import { useRef, useState } from "preact/hooks";
import { Children } from "../Children";
import { useSettings } from "../context";
import { box } from "../css";
import { newId, SCOPE } from "../fields";
import { childrenOf } from "../tree";
import type { ActionConfig, Shape, WidgetNode } from "../types";
import { useAction } from "../useAction";
import { useRowFit } from "../useRowFit";
import { Status } from "./Status";

/** The number of rows with `limit: "auto"`. */
const AUTO_LIMIT = 5;

const ROWS = new Set(["ListViewItem", "Transition", "Divider"]);

/** Puts a node that isn't a row into one. */
function asRow(node: WidgetNode): WidgetNode {
  if (ROWS.has(node.type)) return node;
  return { type: "ListViewItem", ...(node.key ? { key: node.key } : {}), children: [node] };
}

/** A list of rows; those over the limit are shown by a button. */
export function ListView({ node }: { node: Shape<"ListView"> }) {
  const { strings } = useSettings();
  const [isExpanded, setExpanded] = useState(false);
  const rows = childrenOf(node).map(asRow);
  const limit = node.limit === "auto" ? AUTO_LIMIT : (node.limit ?? rows.length);
  const shown = isExpanded ? rows : rows.slice(0, Math.max(1, limit));
  const hidden = rows.length - Math.max(1, limit);
  if (rows.length === 0 && !node.status) return null;
  return (
    <div class={`w-list-frame${node.theme ? ` w-theme-${node.theme}` : ""}`} part="widget-list">
      {node.status ? (
        <div class="w-list-status">
          <Status of={node.status} />
        </div>
      ) : null}
      <ul class="w-list">
        <Children of={{ children: shown }} />
      </ul>
      {hidden > 0 ? (
        <button
          type="button"
          class="w-list-more"
          aria-expanded={isExpanded}
          onClick={() => setExpanded(!isExpanded)}
        >
          {isExpanded ? strings.showLess : strings.showMore(hidden)}
        </button>
      ) : null}
    </div>
  );
}

/**
 * A row. A row with an action has a button of the row's size below its content, because controls of
 * the row can't be inside a button.
 */
export function ListViewItem({ node }: { node: Shape<"ListViewItem"> }) {
  const { strings } = useSettings();
  const button = useRef<HTMLButtonElement>(null);
  const id = useRef("");
  id.current ||= newId();
  const action = useAction(node.onClickAction as ActionConfig | undefined, "self");
  const hasAction = Boolean(node.onClickAction);
  const classes = [
    "w-item",
    hasAction ? "w-item-clickable" : "",
    action.isPending ? "w-pending" : "",
  ];
  return (
    <li class={classes.filter(Boolean).join(" ")} {...{ [SCOPE]: "" }}>
      {hasAction ? (
        <button
          ref={button}
          type="button"
          class="w-item-hit"
          aria-labelledby={id.current}
          aria-disabled={action.isDisabled || action.isPending ? true : undefined}
          aria-busy={action.isPending ? true : undefined}
          onClick={() => void action.run(button.current)}
        />
      ) : null}
      <div
        id={id.current}
        class={`w-item-content${node.align ? "" : " w-row-open"}`}
        style={box({
          ...(node.gap === undefined ? {} : { gap: node.gap }),
          align: node.align ?? "",
        })}
      >
        <RowContent node={node} />
      </div>
      {action.isPending ? (
        <span class="w-spinner" role="status" aria-label={strings.loading} />
      ) : null}
    </li>
  );
}

/** Keeps the content after a spacer at the end of the row, even if the rest wraps. */
function RowContent({ node }: { node: Shape<"ListViewItem"> }) {
  const main = useRef<HTMLDivElement>(null);
  useRowFit(main, true);
  const children = childrenOf(node);
  const spacer = children.findIndex((child) => child.type === "Spacer");
  const start = spacer === -1 ? children : children.slice(0, spacer);
  return (
    <>
      <div ref={main} class="w-item-main">
        <Children of={{ children: start }} />
      </div>
      {spacer === -1 ? null : (
        <div class="w-item-end">
          <Children of={{ children: children.slice(spacer + 1) }} />
        </div>
      )}
    </>
  );
}
