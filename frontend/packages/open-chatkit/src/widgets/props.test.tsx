/**
 * Each property of each component has an effect: the same node without it looks or acts otherwise. The
 * components and properties are those of the official types, and those of openai-chatkit beyond them.
 */

import { fireEvent } from "@testing-library/preact";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { officialWidgets } from "../../test/official";
import { settle, show } from "../../test/widgetKit";
import type { WidgetNode } from "./types";

type Properties = Readonly<Record<string, unknown>>;

const ACTION = { type: "go" };
const words: WidgetNode = { type: "Text", value: "Words" };
const option = (value: string) => ({ value, label: value.toUpperCase() });
const data = [
  { day: "Mon", sold: 3, open: 2 },
  { day: "Tue", sold: 5, open: 1 },
];

/** The least that each component needs to be drawn. */
const BASES: Readonly<Record<string, Properties>> = {
  Card: { children: [words] },
  ListView: { children: [1, 2, 3].map(() => ({ type: "ListViewItem", children: [words] })) },
  ListViewItem: { children: [words] },
  Basic: { children: [words] },
  Box: { children: [words] },
  Row: { children: [words] },
  Col: { children: [words] },
  Form: { children: [words, { type: "Button", label: "Send", submit: true }] },
  Table: { children: [] },
  "Table.Row": { children: [{ type: "Table.Cell", children: [words] }] },
  "Table.Cell": { children: [words] },
  Text: { value: "Words" },
  Title: { value: "Words" },
  Caption: { value: "Words" },
  Label: { value: "Words" },
  Markdown: { value: "Words" },
  Badge: { label: "New" },
  Icon: { name: "plus" },
  Image: { src: "/a.png" },
  Button: { label: "Send", iconStart: "plus" },
  Checkbox: { name: "a" },
  Input: { name: "a" },
  Textarea: { name: "a" },
  Select: { name: "a", options: [option("x"), option("y")] },
  DatePicker: { name: "a" },
  RadioGroup: { name: "a", options: [option("x"), option("y")] },
  Spacer: {},
  Divider: {},
  Transition: { children: words },
  Chart: { data, series: [{ type: "bar", dataKey: "sold" }], xAxis: "day" },
};

const all = (names: string, value: unknown): Properties =>
  Object.fromEntries(names.split(" ").map((name) => [name, value]));

/** A value of each property that isn't its default. */
const VALUES: Properties = {
  ...all("width height size minWidth minHeight minSize maxWidth maxHeight maxSize", 120),
  ...all("block pill uniform flush frame truncate italic lineThrough streaming clearable", true),
  ...all("asForm collapsed disabled required submit autoFocus autoSelect autoResize header", true),
  ...all("allowAutofillExtensions defaultChecked searchable showYAxis showLegend editable", true),
  ...all("onClickAction onChangeAction onSubmitAction", ACTION),
  ...all("confirm cancel", { label: "OK", action: ACTION }),
  ...all("gap padding margin spacing", 5),
  ...all("iconStart iconEnd", "star"),
  ...all("value label placeholder name alt ariaLabel fieldName", "Other"),
  ...all("maxLines minLines rows colSpan rowSpan limit", 2),
  ...all("align justify textAlign vAlign", "end"),
  children: [{ ...words, value: "Other" }],
  aspectRatio: "2/1",
  background: "#123456",
  barCategoryGap: 120,
  barGap: 30,
  border: 2,
  color: "danger",
  colSize: "lg",
  data: data.slice(1),
  defaultValue: "y",
  direction: "row",
  fit: "contain",
  flex: 2,
  gutterSize: "xl",
  iconSize: "2xl",
  inputType: "email",
  options: [option("z")],
  pattern: "[a-z]+",
  position: "top",
  radius: "full",
  series: [{ type: "line", dataKey: "sold", label: "Sold" }],
  showTooltip: false,
  src: "/b.png",
  status: { text: "Done" },
  style: "secondary",
  theme: "dark",
  variant: "outline",
  weight: "bold",
  wrap: "wrap",
  xAxis: { dataKey: "day", labels: { Mon: "Monday" } },
};

/** Other values, where a component has its own. */
const OWN_VALUES: Properties = {
  ...Object.fromEntries(
    "Text Title Caption Label Icon Badge Card Button Input Textarea Select DatePicker"
      .split(" ")
      .map((type) => [`${type}.size`, "lg"]),
  ),
  "Caption.size": "sm",
  "Button.style": "secondary",
  "Button.color": "info",
  "Badge.variant": "solid",
  "Input.variant": "soft",
  "Textarea.variant": "soft",
  "Select.variant": "soft",
  "DatePicker.variant": "soft",
  "DatePicker.min": "2026-11-20T00:00:00",
  "DatePicker.max": "2026-11-20T00:00:00",
  "Textarea.maxRows": 4,
  "DatePicker.defaultValue": "2026-11-27T00:00:00",
  "Divider.color": "strong",
  "Divider.size": 3,
  "Form.direction": "row",
  "RadioGroup.direction": "row",
  "Select.clearable": true,
  "Spacer.minSize": 20,
  "Text.editable": { name: "note" },
  "Transition.children": { ...words, value: "Other" },
};

/** Further properties, without which one has no effect. */
const TOGETHER: Properties = {
  ...Object.fromEntries(
    "clearable min max onChangeAction"
      .split(" ")
      .map((name) => [`DatePicker.${name}`, { defaultValue: "2026-11-27T00:00:00" }]),
  ),
  "Input.autoSelect": { defaultValue: "Ada" },
  "Textarea.autoSelect": { defaultValue: "Ada" },
  "Textarea.maxRows": { autoResize: true, defaultValue: "Ada" },
  "Chart.barGap": { series: ["sold", "open"].map((dataKey) => ({ type: "bar", dataKey })) },
  "Select.clearable": { defaultValue: "x" },
};

/** Properties that the JSON has, and that don't change what a user sees. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  key: "identifies the node through updates",
  id: "identifies the node in updates of its text",
  "DatePicker.align": "needs a layout: `popoverPosition` in pure.test.ts",
  "DatePicker.side": "needs a layout: `popoverPosition` in pure.test.ts",
};

const EXTRAS: Readonly<Record<string, readonly string[]>> = {
  Image: ["background", "flex"],
  Select: ["searchable"],
  Chart: Object.keys(VALUES).filter((name) =>
    /^(?:data|series|xAxis|show|bar[GC]|flex|height|width|size|min[HWS]|max[HWS]|aspect)/.test(
      name,
    ),
  ),
};

const pairs = [...officialWidgets(), ["Chart", []] as const]
  .flatMap(([type, names]) => [...names, ...(EXTRAS[type] ?? [])].map((name) => [type, name]))
  .filter(([type, name]) => !WITHOUT_EFFECT[`${name}`] && !WITHOUT_EFFECT[`${type}.${name}`]);

const Markdown = ({ value, streaming }: { value: string; streaming: boolean }) => (
  <p aria-busy={streaming}>{value}</p>
);

type Field = HTMLInputElement & HTMLTextAreaElement;

/** Returns what is drawn, and what happens when it is used, as text. */
async function behavior(type: string, properties: Properties): Promise<string> {
  const { container, lastAction } = show({ type, ...properties }, { markdown: Markdown });
  await settle();
  const seen: unknown[] = [document.activeElement?.localName];
  const look = () => {
    seen.push(document.body.innerHTML.replace(/ckw-\d+/g, "id"), lastAction());
    for (const field of container.querySelectorAll<Field>("input, textarea")) {
      seen.push(field.checked, field.selectionStart, field.selectionEnd, field.rows);
    }
  };
  look();
  const field = container.querySelector<Field>("input:not([type=hidden]), textarea, select");
  if (field) {
    field.focus();
    look();
    if (/text|area/.test(field.type)) field.value = "a1";
    fireEvent.input(field);
    seen.push(field.checkValidity());
    fireEvent.change(field);
  }
  for (const form of container.querySelectorAll("form")) fireEvent.submit(form);
  for (const button of container.querySelectorAll("button")) fireEvent.click(button);
  for (const plot of container.querySelectorAll(".w-plot")) fireEvent.pointerMove(plot);
  await settle();
  look();
  const day = container.querySelector("[role=grid] [data-day]:not([aria-disabled])");
  if (day) fireEvent.click(day);
  await settle();
  look();
  return JSON.stringify(seen);
}

// Text areas of 20 px a row and charts of 300 px: the test environment has no layout.
beforeAll(async () => {
  await Promise.all([import("./lazy/ChartPlot"), import("./lazy/Calendar")]);
  await behavior("DatePicker", { name: "a" });
  await behavior("Chart", BASES.Chart ?? {});
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(300);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockImplementation(function (this: Field) {
    return this.rows ? this.rows * 20 : 200;
  });
  vi.spyOn(HTMLTextAreaElement.prototype, "rows", "get").mockImplementation(function (this: Field) {
    return Number(this.getAttribute("rows")); // the environment returns a string
  });
  vi.spyOn(HTMLTextAreaElement.prototype, "scrollHeight", "get").mockReturnValue(150);
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe("each property has an effect:", () => {
  it.each(pairs)("%s.%s", async (type = "", name = "") => {
    const base = { ...BASES[type], ...(TOGETHER[`${type}.${name}`] as Properties) };
    const value = OWN_VALUES[`${type}.${name}`] ?? VALUES[name];
    expect(value, "the table has no value").toBeDefined();

    const without = await behavior(type, base);
    const withIt = await behavior(type, { ...base, [name]: value });

    expect(withIt).not.toBe(without);
    expect(await behavior(type, { ...base, [name]: base[name] ?? null })).toBe(without);
  });
});
