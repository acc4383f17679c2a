import { categoryOf, seriesOf } from "../chartModel";
import { useSettings } from "../context";
import { block, flex } from "../css";
import { loader, useLoaded } from "../lazy";
import type { ChartShape } from "../types";

const plot = loader("a chart", () =>
  import("../lazy/ChartPlot").then((module) => module.ChartPlot),
);

/** Bars, lines and areas. The drawing is a separate chunk; the numbers are also a table. */
export function Chart({ node }: { node: ChartShape }) {
  const { strings, locale } = useSettings();
  const { value: Plot, failed } = useLoaded(plot);
  const data = Array.isArray(node.data) ? node.data : [];
  const series = seriesOf(node);
  const numbers = new Intl.NumberFormat(locale);
  const hasLegend = node.showLegend ?? series.length > 1;
  return (
    <figure
      class="w-chart"
      style={{ ...block(node), ...flex(node.flex) }}
      aria-label={strings.chart}
    >
      <div class="w-chart-plot" aria-hidden="true">
        {Plot ? <Plot node={node} data={data} series={series} numbers={numbers} /> : null}
      </div>
      {failed ? <p class="w-fallback-note">{strings.unknown("Chart")}</p> : null}
      {hasLegend ? (
        <ul class="w-legend" aria-hidden="true">
          {series.map((each) => (
            <li key={each.dataKey}>
              <span
                class={`w-legend-mark w-legend-${each.type}`}
                style={{ background: each.paint }}
              />
              {each.name}
            </li>
          ))}
        </ul>
      ) : null}
      {/* Hides a wrapper, because a table is never narrower than its words. */}
      <div class="w-hidden">
        <table>
          <caption>{strings.chartTable}</caption>
          <thead>
            <tr>
              <td />
              {series.map((each) => (
                <th key={each.dataKey} scope="col">
                  {each.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.map((row, index) => (
              <tr key={String(index)}>
                <th scope="row">{categoryOf(node, row)}</th>
                {series.map((each) => (
                  <td key={each.dataKey}>{cell(row[each.dataKey], numbers)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

function cell(value: string | number | undefined, numbers: Intl.NumberFormat): string {
  return typeof value === "number" ? numbers.format(value) : (value ?? "");
}
