/** The pure functions behind the views. */

import { describe, expect, it } from "vitest";
import type { DrawnSeries } from "./chartModel";
import { color } from "./colors";
import { block, borders, box, edges, length, spacing } from "./css";
import { dayOf, dayText } from "./days";
import { readableName } from "./fields";
import { chartGeometry } from "./lazy/chartGeometry";
import { positionBeside } from "./lazy/popoverPosition";
import { nested, withForm } from "./payload";
import { siblingKeys } from "./tree";

describe("colors", () => {
  it.each([
    ["secondary", "var(--w-text-secondary)"],
    ["#ff0000", "#ff0000"],
    ["rgb(1 2 3 / 50%)", "rgb(1 2 3 / 50%)"],
    ["gray-0", "light-dark(#ffffff, #0d0d0d)"],
    ["gray-500", "#5d5d5d"],
    ["blue-400", "#0285ff"],
    ["red-a50", "color-mix(in oklab, #fa423e 15%, transparent)"],
    [
      "alpha-70",
      "light-dark(color-mix(in oklab, #0d0d0d 70%, transparent), color-mix(in oklab, #fff 70%, transparent))",
    ],
    ["url(https://x.example)", undefined],
    ["u\\72l(x)", undefined],
    ["red; position: fixed", undefined],
    ["gray-9999", "light-dark(#0d0d0d, #ffffff)"],
    ["", undefined],
    [7, undefined],
  ])("%j is %j", (given, css) => {
    expect(color(given, "text")).toBe(css);
  });

  it("for light and dark follow the color scheme", () => {
    expect(color({ light: "#fff", dark: "primary" }, "text")).toBe(
      "light-dark(#fff, var(--w-text))",
    );
  });
});

describe("lengths", () => {
  it.each([
    [length(12), "12px"],
    [length("12"), "12px"],
    [length("50%"), "50%"],
    [length("calc(100% - 2rem)"), "calc(100% - 2rem)"],
    [length("12px; color: red"), undefined],
    [length(Number.NaN), undefined],
    [spacing(3), "calc(var(--w-unit) * 3)"],
    [spacing(0), "0px"],
    [spacing("1em"), "1em"],
  ])("%#: %j", (made, css) => {
    expect(made).toBe(css);
  });

  it("of edges: a single edge overrides its axis", () => {
    expect(edges("padding", { x: 1, left: 2 })).toEqual({
      "padding-inline": "calc(var(--w-unit) * 1)",
      "padding-left": "calc(var(--w-unit) * 2)",
    });
  });

  it("of blocks, boxes and borders", () => {
    expect(block({ size: 40, radius: "full", aspectRatio: "16/9" })).toEqual({
      width: "40px",
      height: "40px",
      "min-width": "min(40px, 100%)",
      "min-height": "40px",
      "max-width": "100%",
      "aspect-ratio": "16/9",
      "border-radius": "9999px",
    });
    expect(box({ justify: "between", align: "start", flex: 1 })).toEqual({
      "align-items": "flex-start",
      "justify-content": "space-between",
      flex: "1",
    });
    expect(borders({ top: 1, x: { size: 2, style: "dotted", color: "strong" } })).toEqual({
      "border-inline": "2px dotted var(--w-border-strong)",
      "border-top": "1px solid var(--w-border)",
    });
  });
});

describe("payloads", () => {
  it("nest dotted names and never modify a prototype", () => {
    expect(
      nested([
        ["a.b.c", 1 as never],
        ["a.d", true],
        ["e", "x"],
        ["x..y", "z"],
      ]),
    ).toEqual({
      a: { b: { c: 1 }, d: true },
      e: "x",
      "x..y": "z",
    });
    const made = nested([
      ["__proto__.polluted", "yes"],
      ["constructor", "no"],
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.hasOwn(made, "constructor")).toBe(false);
  });

  it.each([
    [{ a: 1 }, { b: 2 }, { a: 1, b: 2 }, []],
    [undefined, { b: 2 }, { b: 2 }, []],
    [null, { b: 2 }, { b: 2 }, []],
    [{ a: 1 }, { a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, { a: 1 }, ["a"]],
    [{ t: { id: 1 } }, { t: { name: "x" } }, { t: { id: 1, name: "x" } }, []],
    [{ t: { id: 1 } }, { t: { id: 2 } }, { t: { id: 1 } }, ["t.id"]],
    [["list"], { b: 2 }, ["list"], ["b"]],
  ])("%j with %j is %j", (payload, form, merged, collisions) => {
    const made = withForm({ type: "x", payload: payload as never }, form);

    expect(made.action.payload).toEqual(merged);
    expect(made.collisions).toEqual(collisions);
  });
});

describe("days", () => {
  it.each([
    ["2026-11-24", "2026-11-24"],
    ["2026-11-24T23:30:00", "2026-11-24"],
    ["2026-11-24T00:00:00Z", "2026-11-24"],
    ["2026-11-24T00:00:00+00:00", "2026-11-24"],
    ["soon", null],
    ["2026-99-99T00:00:00", null],
    ["", null],
    [undefined, null],
  ])("%j is on %j", (value, day) => {
    expect(dayOf(value)).toBe(day);
  });

  it("are formatted in the user's language", () => {
    expect(dayText("2026-11-24", "de", 2026)).toBe("Di., 24. Nov.");
    expect(dayText("2026-11-24", "en-US", 2027)).toBe("Tue, Nov 24, 2026");
    expect(dayText("2026-11-24", "no such locale")).toContain("24");
  });
});

describe("keys of siblings", () => {
  it("are stable when others are added before them", () => {
    const input = { type: "Input", name: "title" };
    const before = siblingKeys([{ type: "Text" }, input]);
    const after = siblingKeys([{ type: "Badge" }, { type: "Text" }, input]);

    expect(after.at(-1)).toBe(before.at(-1));
    expect(after[1]).toBe(before[0]);
  });

  it("differ even if keys are duplicated", () => {
    const keys = siblingKeys([
      { type: "Text", key: "a" },
      { type: "Text", key: "a" },
    ]);

    expect(new Set(keys).size).toBe(2);
  });
});

it.each([
  ["due_date", "Due date"],
  ["task.dueDate", "Due date"],
  ["x", "X"],
])("a field named %s without a label is read as %s", (name, read) => {
  expect(readableName(name)).toBe(read);
});

describe("a popover's position", () => {
  const size = { width: 280, height: 320 };
  const view = { width: 390, height: 800 };

  it.each<[string, number, number, Parameters<typeof positionBeside>[3], number, number]>([
    ["below", 20, 100, "bottom", 20, 142],
    ["above if there is no space below", 20, 700, "bottom", 20, 374],
    ["always within the viewport", 300, 100, "bottom", 102, 142],
  ])("is %s", (_, left, top, side, x, y) => {
    const anchor = { left, top, width: 120, height: 36 };

    expect(positionBeside(anchor, size, view, side, "start")).toEqual({ left: x, top: y });
  });
});

describe("a chart", () => {
  const drawn = (rest: Partial<DrawnSeries>): DrawnSeries => ({
    type: "bar",
    dataKey: "a",
    name: "A",
    paint: "red",
    ...rest,
  });
  const data = [
    { m: "Jan", a: 10, b: 5 },
    { m: "Feb", a: -10, b: 5 },
  ];
  const size = { width: 200, height: 100 };

  it("places bars side by side, negative ones below the axis", () => {
    const { bars, zero } = chartGeometry({}, data, [drawn({}), drawn({ dataKey: "b" })], size);

    expect(bars).toHaveLength(4);
    expect(bars[0]?.y).toBeCloseTo(0);
    expect(bars[1]?.y).toBeCloseTo(zero);
    expect(bars[2]?.x).toBeGreaterThan(bars[0]?.x ?? 0);
  });

  it("stacks the bars of one stack", () => {
    const series = [drawn({ stack: "s" }), drawn({ dataKey: "b", stack: "s" })];
    const { bars } = chartGeometry({}, data.slice(0, 1), series, size);

    expect(bars[1]?.x).toBe(bars[0]?.x);
    expect((bars[1]?.y ?? 0) + (bars[1]?.height ?? 0)).toBeCloseTo(bars[0]?.y ?? -1);
  });

  it("leaves a gap for a missing value and draws nothing for no data", () => {
    const { curves } = chartGeometry(
      {},
      [{ m: "Jan", a: 1 }, { m: "Feb" } as never, { m: "Mar", a: 3 }],
      [drawn({ type: "line", curveType: "step" })],
      size,
    );
    expect(curves[0]?.line.match(/M/g)).toHaveLength(2);

    expect(chartGeometry({}, [], [drawn({})], size).bars).toEqual([]);
  });
});
