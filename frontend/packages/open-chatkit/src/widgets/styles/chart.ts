/** Styles of charts. */
export const chartStyles = `
.w-chart { display: flex; flex-direction: column; gap: 8px; width: 100%; min-width: 0; min-height: 160px; position: relative; }
.w-chart-plot { overflow: clip; overflow-clip-margin: 12px; position: relative; flex: 1 1 auto; min-height: 140px; height: 200px; }
.w-plot { position: absolute; inset: 0; touch-action: pan-y; }
.w-plot svg { display: block; overflow: visible; }
.w-plot-line { stroke: var(--w-border-subtle); }
.w-plot-zero { stroke: var(--w-border-strong); }
.w-plot-text { fill: var(--w-text-secondary); font-size: calc(var(--w-size) * 0.75); font-variant-numeric: tabular-nums; }
.w-plot-curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.w-plot-area { opacity: 0.18; }
.w-plot-point { stroke: var(--w-surface); stroke-width: 2; }
.w-plot-column { fill: var(--w-hover); }
.w-legend { display: flex; flex-wrap: wrap; gap: 4px 14px; list-style: none; font-size: calc(var(--w-size) * 0.8125); color: var(--w-text-secondary); }
.w-legend li { display: inline-flex; align-items: center; gap: 6px; }
.w-legend-mark { flex: none; width: 10px; height: 10px; border-radius: 3px; }
.w-legend-line { height: 3px; }
.w-tooltip {
  position: absolute;
  inset-block-start: 4px;
  z-index: 1;
  display: flex;
  flex-direction: column;
  gap: 2px;
  padding: 6px 10px;
  border: 1px solid var(--w-border);
  border-radius: 8px;
  background: var(--w-elevated);
  box-shadow: var(--w-shadow);
  font-size: calc(var(--w-size) * 0.75);
  pointer-events: none;
  white-space: nowrap;
}
.w-tooltip-line { display: flex; align-items: center; gap: 6px; }
.w-tooltip-line b { margin-inline-start: auto; padding-inline-start: 10px; font-variant-numeric: tabular-nums; }
`;
