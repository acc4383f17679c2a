import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { prepare } from "./prepare";

// The test environment has no colors: it supports any value.
const supports = (_: string, value = "") => /^(?:tomato$|#|rgb)/u.test(value);
beforeAll(() => {
  vi.stubGlobal("CSS", { supports });
});
afterAll(() => {
  vi.unstubAllGlobals();
});

const used = (type: string, property: string, value: unknown) => {
  const { node, unknown } = prepare({ type, [property]: value });
  return { value: node[property], logged: unknown.map((each) => each.used) };
};

describe("an unknown value becomes the nearest one, and is reported:", () => {
  it.each<[type: string, property: string, value: unknown, nearest: unknown]>([
    ["Title", "size", "medium", "md"],
    ["Title", "size", "9xl", "5xl"],
    ["Title", "size", "xs", "sm"],
    ["Text", "size", "2xl", "xl"],
    ["Text", "size", "x-small", "xs"],
    ["Icon", "size", 24, "xl"],
    ["Text", "weight", "600", "semibold"],
    ["Text", "weight", "extrabold", "bold"],
    ["Text", "textAlign", "left", "start"],
    ["Row", "justify", "space-between", "between"],
    ["Row", "align", "flex-end", "end"],
    ["Button", "variant", "text", "ghost"],
    ["Input", "variant", "solid", "soft"],
    ["Button", "color", "red", "danger"],
    ["Badge", "color", "purple", "discovery"],
    ["Box", "radius", "circle", "full"],
    ["Box", "radius", "5xl", "4xl"],
    ["Box", "radius", 12, "xl"],
    ["Text", "color", "muted", "secondary"],
    ["Text", "color", "slate-550", "gray-550"],
    ["Text", "color", "blue-350", "blue-300"],
    ["Text", "color", "green.500", "green-500"],
    ["Box", "background", "surface-muted", "surface-secondary"],
  ])("%s %s %j: %j", (type, property, value, nearest) => {
    expect(used(type, property, value)).toEqual({ value: nearest, logged: [nearest] });
  });

  it.each([
    ["gap", "2xs", 1],
    ["padding", "lg", 4],
    ["margin", "huge", 8],
    ["gap", "5xl", 12],
  ])("spacing %s %j: %j units", (property, value, units) => {
    expect(used("Box", property, value).value).toBe(units);
    expect(used("Box", property, value).logged).toHaveLength(1);
  });

  it("one per edge and color of a scheme", () => {
    expect(used("Box", "padding", { x: "sm", top: 3 })).toEqual({
      value: { x: 2, top: 3 },
      logged: ["sm"],
    });
    expect(used("Text", "color", { light: "danger", dark: "error" })).toEqual({
      value: { light: "danger", dark: "danger" },
      logged: ["danger"],
    });
    expect(used("Box", "border", { top: { size: 1, color: "grey-100" } }).logged).toEqual([
      "gray-100",
    ]);
  });

  it("none if nothing is close", () => {
    expect(used("Title", "size", "gigantic")).toEqual({ value: undefined, logged: [null] });
  });
});

it.each([
  ["Box", "padding", "12px"],
  ["Box", "padding", "1ex"],
  ["Box", "gap", "calc(100% - 2rem)"],
  ["Box", "size", 24],
  ["Box", "width", "100%"],
  ["Text", "color", "tomato"],
  ["Text", "color", "alpha-90"],
  ["Text", "color", "rgb(1 2 3)"],
  ["Box", "background", "linear-gradient(90deg, #fff, #000)"],
  ["Box", "radius", "100%"],
  ["Title", "size", "5xl"],
])("a known value of %s %s stays: %j", (type, property, value) => {
  expect(used(type, property, value)).toEqual({ value, logged: [] });
});

it.each([
  [{ type: "Select", name: "city", key: "where" }, "city"],
  [{ type: "Select", key: "where", id: "s1" }, "where"],
  [{ type: "Input", name: 7 }, "7"],
  [{ type: "Checkbox" }, ""],
  [{ type: "Button", key: "go" }, undefined],
])("a field is named by its name, key or ID: %j", (node, name) => {
  expect(prepare(node as never).node.name).toBe(name);
});

it("a chart's series that can't be drawn are dropped and reported", () => {
  const volume = { type: "bar", dataKey: "volume", color: "blue.300" };
  const { node, unknown } = prepare({
    type: "Chart",
    series: [{ type: "candlestick", openKey: "open" }, volume, null],
  } as never);

  expect(node.series).toEqual([{ ...volume, color: "blue-300" }]);
  expect(unknown.map(({ property, value }) => [property, value])).toEqual([
    ["series.type", "candlestick"],
    ["series.color", "blue.300"],
  ]);
});

it.each([
  ["1px dashed #f00", { size: 1, style: "dashed", color: "#f00" }],
  ["2px solid", { size: 2, style: "solid" }],
  ["3", { size: 3 }],
  [
    { size: "2px", color: "strong" },
    { size: 2, color: "strong" },
  ],
  ["thick", undefined],
  [
    { size: "thick", color: "strong" },
    { size: 1, color: "strong" },
  ],
  [{ size: null, color: "strong" }, { color: "strong" }],
])("a border may be written as in CSS: %j", (border, read) => {
  expect(prepare({ type: "Box", border } as never).node.border).toEqual(read);
});

it("a border that is true is the thinnest one, and one that is false is none", () => {
  const border = { top: true, bottom: false };
  expect(prepare({ type: "Box", border: true } as never).node.border).toBe(1);
  expect(prepare({ type: "Box", border: false } as never).node.border).toBeUndefined();
  expect(prepare({ type: "Box", border } as never).node.border).toEqual({ top: 1 });
});

it("options have a value and a label, or are dropped", () => {
  const options = ["small", { value: 2 }, { value: "l", label: "Large" }, { label: "None" }, null];

  expect(prepare({ type: "Select", name: "size", options } as never).node.options).toEqual([
    { value: "small", label: "small" },
    { value: "2", label: "2" },
    { value: "l", label: "Large" },
  ]);
  expect(used("Select", "options", {})).toEqual({ value: [], logged: [[]] });
});

it.each([
  [{ confirm: { label: null, action: { type: "go" } } }, {}],
  [{ status: { text: "", icon: null } }, {}],
  [{ status: { text: null, icon: "bolt" } }, { status: { icon: "bolt" } }],
])("buttons and states of a card without any text are absent: %j", (given, read) => {
  expect(prepare({ type: "Card", ...given } as never).node).toEqual({ type: "Card", ...read });
});

it("a background of none is absent", () => {
  expect(used("Row", "background", "none")).toEqual({ value: undefined, logged: [] });
});

it("nulls are absent, except in an action's payload", () => {
  const onClickAction = { type: "open", payload: { id: null } };
  const { node } = prepare({
    type: "Button",
    label: null,
    onClickAction,
    status: { text: "Paid", icon: null },
    options: [null, { value: "a", description: null }],
    children: [null],
  } as never);

  expect(node).toEqual({
    type: "Button",
    onClickAction,
    status: { text: "Paid" },
    options: [{ value: "a", label: "a" }],
    children: [null],
  });
  expect(
    prepare({ type: "Button", onClickAction: { type: null } as never }).node,
  ).not.toHaveProperty("onClickAction");
});
