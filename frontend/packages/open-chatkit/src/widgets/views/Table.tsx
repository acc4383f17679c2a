import { createContext } from "preact";
import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Children } from "../Children";
import { defined, edges, length } from "../css";
import type { Shape, Spacing } from "../types";

const HeaderContext = createContext(false);

/** A table. If it is wider than its container, it scrolls, by keyboard too. */
export function Table({ node }: { node: Shape<"Table"> }) {
  const frame = useRef<HTMLDivElement>(null);
  const [isWide, setWide] = useState(false);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setWide(element.scrollWidth > element.clientWidth + 1);
    measure();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={frame} class="w-table-frame" tabIndex={isWide ? 0 : undefined}>
      <table class="w-table">
        <tbody>
          <Children of={node} />
        </tbody>
      </table>
    </div>
  );
}

export function TableRow({ node }: { node: Shape<"Table.Row"> }) {
  return (
    <tr class={node.header ? "w-table-header" : ""}>
      <HeaderContext.Provider value={node.header === true}>
        <Children of={node} />
      </HeaderContext.Provider>
    </tr>
  );
}

export function TableCell({ node }: { node: Shape<"Table.Cell"> }) {
  const isHeader = useContext(HeaderContext);
  const Tag = isHeader ? "th" : "td";
  const classes = [
    "w-cell",
    `w-cell-${node.align ?? "start"}`,
    `w-cell-v-${node.vAlign ?? "center"}`,
    node.colSize ? `w-cell-${node.colSize}` : "",
  ];
  return (
    <Tag
      class={classes.filter(Boolean).join(" ")}
      style={{
        ...defined({ width: length(node.width) }),
        ...edges("padding", node.padding as Spacing | undefined),
      }}
      colSpan={node.colSpan}
      rowSpan={node.rowSpan}
      scope={isHeader ? "col" : undefined}
    >
      <Children of={node} />
    </Tag>
  );
}
