/** A chart's series and categories, resolved from its node. No drawing, so no chart library. */

import { color } from "./colors";
import type { ChartSeries, ChartShape } from "./types";

/** A series with its color and name resolved. */
export type DrawnSeries = ChartSeries & { paint: string; name: string };

const CYCLE = ["blue", "purple", "orange", "green", "red", "yellow", "pink"] as const;

/** Returns a chart's series; those without a color take the next one of a fixed cycle. */
export function seriesOf(node: ChartShape): DrawnSeries[] {
  return (Array.isArray(node.series) ? node.series : []).map((series, index) => ({
    ...series,
    name: series.label || series.dataKey,
    paint:
      color(series.color, "chart") ??
      color(CYCLE[index % CYCLE.length], "chart") ??
      "var(--w-chart-blue)",
  }));
}

/** Returns a row's label on the horizontal axis. */
export function categoryOf(node: ChartShape, row: Record<string, unknown>): string {
  const axis = typeof node.xAxis === "string" ? { dataKey: node.xAxis } : node.xAxis;
  const value = String(row[axis?.dataKey ?? ""] ?? "");
  const labels = "labels" in axis ? axis.labels : undefined;
  return labels && Object.hasOwn(labels, value) ? (labels[value] ?? value) : value;
}
