/** A chart's geometry: converts rows and series to paths and rectangles. */

import { scaleBand, scaleLinear } from "d3-scale";
import {
  area,
  type CurveFactory,
  curveBasis,
  curveBasisClosed,
  curveBasisOpen,
  curveBumpX,
  curveBumpY,
  curveLinear,
  curveLinearClosed,
  curveMonotoneX,
  curveMonotoneY,
  curveNatural,
  curveStep,
  curveStepAfter,
  curveStepBefore,
  line,
} from "d3-shape";
import type { DrawnSeries } from "../chartModel";
import type { ChartShape } from "../types";

type Row = Record<string, string | number>;
/** The range of a value on the axis; in stacks, it doesn't start at 0. */
type Span = { from: number; to: number };

export type Size = { width: number; height: number };
export type Bar = { x: number; y: number; width: number; height: number; paint: string };
export type Curve = { line: string; area: string | null; paint: string; points: Point[] };
export type Point = { x: number; y: number };
export type ChartGeometry = {
  bars: Bar[];
  curves: Curve[];
  /** The position of each row's column. */
  columns: { left: number; width: number; middle: number }[];
  ticks: { value: number; y: number }[];
  zero: number;
};

const CURVES: Readonly<Record<string, CurveFactory>> = {
  basis: curveBasis,
  basisClosed: curveBasisClosed,
  basisOpen: curveBasisOpen,
  bump: curveBumpX,
  bumpX: curveBumpX,
  bumpY: curveBumpY,
  linear: curveLinear,
  linearClosed: curveLinearClosed,
  monotone: curveMonotoneX,
  monotoneX: curveMonotoneX,
  monotoneY: curveMonotoneY,
  natural: curveNatural,
  step: curveStep,
  stepAfter: curveStepAfter,
  stepBefore: curveStepBefore,
};

const BAR_GAP = 3;
const MAX_BAR = 56;
const TICKS = 4;

/** Lays out a chart in the given size. */
export function chartGeometry(
  node: Pick<ChartShape, "barGap" | "barCategoryGap">,
  data: readonly Row[],
  series: readonly DrawnSeries[],
  size: Size,
): ChartGeometry {
  const spans = stacked(data, series);
  const ends = spans.flat().flatMap((span) => (span ? [span.from, span.to] : []));
  const y = scaleLinear()
    .domain([Math.min(0, ...ends), Math.max(0, ...ends) || 1])
    .nice(TICKS)
    .range([size.height, 0]);
  const x = scaleBand<number>()
    .domain(data.map((_, index) => index))
    .range([0, size.width]);
  const step = x.bandwidth();
  const columns = data.map((_, index) => {
    const left = x(index) ?? 0;
    return { left, width: step, middle: left + step / 2 };
  });
  return {
    bars: bars(node, series, spans, columns, y),
    curves: series.flatMap((each, index) =>
      each.type === "bar" ? [] : [curve(each, spans[index] ?? [], columns, y)],
    ),
    columns,
    ticks: y.ticks(TICKS).map((value) => ({ value, y: y(value) })),
    zero: y(0),
  };
}

/** Stacks the values of each stack: positive ones upwards, negative ones downwards. */
function stacked(data: readonly Row[], series: readonly DrawnSeries[]): (Span | null)[][] {
  const heights = new Map<string, number>();
  return series.map((each) =>
    data.map((row, index) => {
      const value = Number(row[each.dataKey]);
      if (row[each.dataKey] === undefined || !Number.isFinite(value)) return null;
      if (!each.stack || each.type === "line") return { from: 0, to: value };
      const key = `${each.type}:${each.stack}:${index}:${value < 0 ? "-" : "+"}`;
      const from = heights.get(key) ?? 0;
      heights.set(key, from + value);
      return { from, to: from + value };
    }),
  );
}

type Scale = (value: number) => number;
type Column = ChartGeometry["columns"][number];

function bars(
  node: Pick<ChartShape, "barGap" | "barCategoryGap">,
  series: readonly DrawnSeries[],
  spans: readonly (Span | null)[][],
  columns: readonly Column[],
  y: Scale,
): Bar[] {
  const isBar = (each: DrawnSeries) => each.type === "bar";
  // Each stack, and each bar without one, has a separate slot within a column.
  const slotOf = (each: DrawnSeries, index: number) => each.stack ?? `alone:${index}`;
  const slots = [...new Set(series.flatMap((each, i) => (isBar(each) ? [slotOf(each, i)] : [])))];
  if (slots.length === 0) return [];
  const gap = node.barGap ?? BAR_GAP;
  return series.flatMap((each, index) => {
    if (!isBar(each)) return [];
    const slot = slots.indexOf(slotOf(each, index));
    return columns.flatMap((column, row): Bar[] => {
      const span = spans[index]?.[row];
      if (!span) return [];
      const room = column.width - (node.barCategoryGap ?? column.width * 0.28);
      const width = Math.max(
        1,
        Math.min(MAX_BAR, (room - gap * (slots.length - 1)) / slots.length),
      );
      const all = width * slots.length + gap * (slots.length - 1);
      const [top, bottom] = [y(Math.max(span.from, span.to)), y(Math.min(span.from, span.to))];
      return [
        {
          x: column.middle - all / 2 + slot * (width + gap),
          y: top,
          width,
          height: Math.max(0, bottom - top),
          paint: each.paint,
        },
      ];
    });
  });
}

function curve(
  series: DrawnSeries,
  spans: readonly (Span | null)[],
  columns: readonly Column[],
  y: Scale,
): Curve {
  const through = CURVES[series.curveType ?? ""] ?? curveMonotoneX;
  const xOf = (_: unknown, index: number) => columns[index]?.middle ?? 0;
  const isThere = (span: Span | null) => span !== null;
  const drawLine = line<Span | null>(xOf, (span) => y(span?.to ?? 0))
    .defined(isThere)
    .curve(through);
  const drawArea = area<Span | null>()
    .x(xOf)
    .y0((span) => y(span?.from ?? 0))
    .y1((span) => y(span?.to ?? 0))
    .defined(isThere)
    .curve(through);
  return {
    line: drawLine([...spans]) ?? "",
    area: series.type === "area" ? (drawArea([...spans]) ?? "") : null,
    paint: series.paint,
    points: spans.flatMap((span, index) =>
      span ? [{ x: columns[index]?.middle ?? 0, y: y(span.to) }] : [],
    ),
  };
}
