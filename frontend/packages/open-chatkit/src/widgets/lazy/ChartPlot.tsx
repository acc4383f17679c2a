import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { categoryOf, type DrawnSeries } from "../chartModel";
import type { ChartShape } from "../types";
import { type ChartGeometry, chartGeometry, type Size } from "./chartGeometry";

export type ChartPlotProps = {
  node: ChartShape;
  data: readonly Record<string, string | number>[];
  series: readonly DrawnSeries[];
  numbers: Intl.NumberFormat;
};

const FOOT = 24;
const TOP = 8;
const LETTER = 7;

/** Draws a chart in the size of its container. */
export function ChartPlot({ node, data, series, numbers }: ChartPlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const [hovered, setHovered] = useState<number | null>(null);
  const isAxisHidden = typeof node.xAxis !== "string" && node.xAxis?.hide === true;
  const foot = isAxisHidden ? 4 : FOOT;
  // The widest number determines the width of the axis labels.
  const side = node.showYAxis ? sideWidth(data, series, numbers) : 0;
  const width = Math.max(0, size.width - side);
  const height = Math.max(0, size.height - foot - TOP);
  const geometry = useMemo(
    () => chartGeometry(node, data, series, { width, height }),
    [node, data, series, width, height],
  );
  const labels = data.map((row) => categoryOf(node, row));

  function hover(event: PointerEvent): void {
    const box = frame.current?.getBoundingClientRect();
    if (!box || data.length === 0) return;
    const index = Math.floor(((event.clientX - box.left - side) / width) * data.length);
    setHovered(index >= 0 && index < data.length ? index : null);
  }

  return (
    <div
      ref={frame}
      class="w-plot"
      dir="ltr"
      onPointerMove={hover}
      onPointerDown={hover}
      onPointerLeave={() => setHovered(null)}
    >
      {size.width > 0 ? (
        <svg width={size.width} height={size.height} viewBox={`0 0 ${size.width} ${size.height}`}>
          <title>{series.map((each) => each.name).join(", ")}</title>
          <g transform={`translate(${side} ${TOP})`}>
            <Axes
              geometry={geometry}
              size={{ width, height }}
              numbers={node.showYAxis ? numbers : null}
            />
            {hovered === null ? null : <Column geometry={geometry} at={hovered} height={height} />}
            <Shapes geometry={geometry} hovered={hovered} />
            {isAxisHidden ? null : (
              <Categories geometry={geometry} labels={labels} y={height + 17} width={width} />
            )}
          </g>
        </svg>
      ) : null}
      {hovered !== null && node.showTooltip !== false ? (
        <Tooltip
          title={labels[hovered] ?? ""}
          lines={series.map((each) => ({
            ...each,
            value: data[hovered]?.[each.dataKey],
          }))}
          numbers={numbers}
          middle={side + (geometry.columns[hovered]?.middle ?? 0)}
          width={size.width}
        />
      ) : null}
    </div>
  );
}

function useSize(of: { current: HTMLElement | null }): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = of.current;
    if (!element) return;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      setSize((before) =>
        before.width === width && before.height === height ? before : { width, height },
      );
    };
    measure();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [of]);
  return size;
}

function sideWidth(
  data: ChartPlotProps["data"],
  series: readonly DrawnSeries[],
  numbers: Intl.NumberFormat,
): number {
  const all = data.flatMap((row) => series.map((each) => Number(row[each.dataKey]) || 0));
  const longest = Math.max(1, ...all.map((value) => numbers.format(Math.round(value)).length));
  return longest * LETTER + 14;
}

type AxesProps = { geometry: ChartGeometry; size: Size; numbers: Intl.NumberFormat | null };

function Axes({ geometry, size, numbers }: AxesProps) {
  return (
    <g>
      {geometry.ticks.map(({ value, y }) => (
        <g key={value}>
          <line
            class={y === geometry.zero ? "w-plot-zero" : "w-plot-line"}
            x1={0}
            x2={size.width}
            y1={y}
            y2={y}
          />
          {numbers ? (
            <text class="w-plot-text" x={-8} y={y} dy="0.32em" text-anchor="end">
              {numbers.format(value)}
            </text>
          ) : null}
        </g>
      ))}
    </g>
  );
}

function Column({ geometry, at, height }: { geometry: ChartGeometry; at: number; height: number }) {
  const column = geometry.columns[at];
  if (!column) return null;
  return (
    <rect class="w-plot-column" x={column.left} y={0} width={column.width} height={height} rx={4} />
  );
}

function Shapes({ geometry, hovered }: { geometry: ChartGeometry; hovered: number | null }) {
  return (
    <g>
      {geometry.curves.map((curve, index) => (
        <g key={String(index)}>
          {curve.area ? (
            <path class="w-plot-area" d={curve.area} style={{ fill: curve.paint }} />
          ) : null}
          <path class="w-plot-curve" d={curve.line} style={{ stroke: curve.paint }} />
        </g>
      ))}
      {geometry.bars.map((bar, index) => (
        <rect
          key={String(index)}
          x={bar.x}
          y={bar.y}
          width={bar.width}
          height={bar.height}
          rx={Math.min(4, bar.width / 2, bar.height / 2)}
          style={{ fill: bar.paint }}
        />
      ))}
      {geometry.curves.map((curve, index) => {
        const middle = hovered === null ? undefined : geometry.columns[hovered]?.middle;
        const point = curve.points.find((each) => each.x === middle);
        return point ? (
          <circle
            key={String(index)}
            class="w-plot-point"
            cx={point.x}
            cy={point.y}
            r={4}
            style={{ fill: curve.paint }}
          />
        ) : null;
      })}
    </g>
  );
}

/** The category labels; some are skipped if there isn't enough space. */
function Categories({
  geometry,
  labels,
  y,
  width,
}: {
  geometry: ChartGeometry;
  labels: string[];
  y: number;
  width: number;
}) {
  const step = geometry.columns[0]?.width ?? 1;
  const longest = Math.max(1, ...labels.map((label) => label.length)) * LETTER + 8;
  const every = Math.max(1, Math.ceil(longest / step));
  return (
    <g>
      {labels.map((label, index) => {
        if (index % every !== 0) return null;
        const middle = geometry.columns[index]?.middle ?? 0;
        const isCut = middle + (label.length * LETTER) / 2 > width;
        return (
          <text
            key={`${index}`}
            class="w-plot-text"
            x={isCut ? width : middle}
            y={y}
            text-anchor={isCut ? "end" : "middle"}
          >
            {label}
          </text>
        );
      })}
    </g>
  );
}

type TooltipProps = {
  title: string;
  lines: (DrawnSeries & { value: string | number | undefined })[];
  numbers: Intl.NumberFormat;
  middle: number;
  width: number;
};

function Tooltip({ title, lines, numbers, middle, width }: TooltipProps) {
  const isRight = middle > width / 2;
  const style: Record<string, string> = isRight
    ? { right: `${width - middle + 12}px` }
    : { left: `${middle + 12}px` };
  return (
    <div class="w-tooltip" style={style}>
      <strong>{title}</strong>
      {lines.map((each) => (
        <span key={each.dataKey} class="w-tooltip-line">
          <span class="w-legend-mark" style={{ background: each.paint }} />
          <span>{each.name}</span>
          <b>{typeof each.value === "number" ? numbers.format(each.value) : (each.value ?? "–")}</b>
        </span>
      ))}
    </div>
  );
}
