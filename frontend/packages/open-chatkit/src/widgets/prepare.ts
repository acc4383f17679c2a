/**
 * Prepares a node for its view: nulls are absent, and unknown names of tokens become the nearest one.
 * Nodes may originate from a model, or from a template of a newer version.
 */

import { type ColorKind, meaningOf, nearestColor } from "./colors";
import { SPACES } from "./css";
import { nearestSize, nearestWord } from "./nearest";
import type { WidgetNode } from "./types";

/** A value that isn't known, and the one that is used; null if there is none. */
export type Unknown = { property: string; value: unknown; used: unknown };
export type Prepared = { node: WidgetNode; unknown: readonly Unknown[] };

const list = (text: string): readonly string[] => text.split(" ");

const CONTROL = list("3xs 2xs xs sm md lg xl 2xl 3xl");
const TEXT = list("xs sm md lg xl");
const ALIGN = list("start center end baseline stretch");
const VARIANTS = list("solid soft outline ghost");
const TONES = list("secondary success danger warning info discovery");
const EDGE = list("start center end");
const CONTROLS = list("Button Select DatePicker Input Textarea");

/** The sizes of each component; the pixels of a size are for numbers. */
const SIZES: Readonly<Record<string, readonly string[]>> = {
  Text: TEXT,
  Label: TEXT,
  Title: list("sm md lg xl 2xl 3xl 4xl 5xl"),
  Caption: list("sm md lg"),
  Icon: list("xs sm md lg xl 2xl 3xl"),
  Badge: list("sm md lg"),
  Card: list("sm md lg full"),
  ...Object.fromEntries(CONTROLS.map((type) => [type, CONTROL])),
};

/** The sizes in pixels, for sizes that are given as numbers. */
const PIXELS: Readonly<Record<string, readonly number[]>> = {
  Text: [12, 14, 16, 18, 20],
  Label: [12, 13, 15, 17, 19],
  Title: [16, 18, 20, 24, 28, 32, 40, 48],
  Caption: [12, 13, 15],
  Icon: [12, 14, 18, 20, 24, 28, 36],
  Card: [360, 440, 560, 9999],
  ...Object.fromEntries(CONTROLS.map((type) => [type, [22, 24, 26, 28, 32, 36, 40, 44, 48]])),
};

/** The pixels of `radius`, by name. */
const RADII = [0, 2, 4, 6, 8, 10, 12, 16, 20, 24, 9999];

/** The values of properties that mean the same in each component. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  iconSize: list("sm md lg xl 2xl"),
  gutterSize: list("2xs xs sm md lg xl"),
  colSize: list("xs sm md lg xl"),
  radius: list("none 2xs xs sm md lg xl 2xl 3xl 4xl full 100%"),
  weight: list("normal medium semibold bold"),
  textAlign: EDGE,
  vAlign: EDGE,
  justify: list("start center end between around evenly stretch"),
  wrap: list("nowrap wrap wrap-reverse"),
  direction: list("row col"),
  style: list("primary secondary"),
  theme: list("light dark"),
  side: list("top bottom left right"),
};

/** Returns the values of a property; undefined if it isn't a name. */
function valuesOf(type: string, property: string): readonly string[] | undefined {
  if (property === "size") return SIZES[type];
  if (property === "variant") {
    if (type === "Badge") return VARIANTS.slice(0, 3);
    return type.startsWith("Input") || type === "Textarea" ? list("soft outline") : VARIANTS;
  }
  if (property === "color" && type === "Badge") return TONES;
  if (property === "color" && type === "Button") return ["primary", "caution", ...TONES];
  if (property === "align") return type === "DatePicker" || type === "Table.Cell" ? EDGE : ALIGN;
  return Object.hasOwn(VALUES, property) ? VALUES[property] : undefined;
}

const COLORS: Readonly<Record<string, ColorKind>> = {
  color: "text",
  background: "background",
};
const SPACINGS = new Set(["gap", "padding", "margin", "spacing"]);
const SERIES = new Set(["bar", "area", "line"]);
const FIELDS = new Set(list("Checkbox Select DatePicker Input RadioGroup Textarea"));

/** Properties that are absent without any of these. */
const LABELED: Readonly<Record<string, readonly string[]>> = {
  confirm: ["label"],
  cancel: ["label"],
  status: ["text", "icon", "favicon"],
};

const isPresent = (value: unknown, name: string): boolean =>
  Boolean((value as Record<string, unknown>)[name]);

const prepared = new WeakMap<WidgetNode, Prepared>();

/** Prepares a node; its children are prepared when they are drawn. */
export function prepare(node: WidgetNode): Prepared {
  const before = prepared.get(node);
  if (before) return before;
  const unknown: Unknown[] = [];
  const result: Record<string, unknown> = {};
  for (const [property, value] of Object.entries(node)) {
    if (value === null || value === undefined) continue;
    if (property === "children" || property === "type") result[property] = value;
    else if (isAction(property)) {
      if (isActionConfig(value)) result[property] = value;
    } else {
      const inside = present(value);
      if (LABELED[property]?.every((name) => !isPresent(inside, name))) continue;
      const known = knownValue(node.type, property, inside, unknown);
      if (known !== undefined) result[property] = known;
    }
  }
  if (FIELDS.has(node.type)) result.name = fieldName(result);
  const made = { node: result as WidgetNode, unknown };
  prepared.set(node, made);
  return made;
}

/** Returns a field's name; a field without one is found by its key or its ID. */
function fieldName({ name, key, id }: Record<string, unknown>): string {
  return String(name ?? key ?? id ?? "");
}

const isAction = (property: string): boolean => /action$/i.test(property);

function isActionConfig(value: unknown): boolean {
  return typeof (value as { type?: unknown }).type === "string";
}

/** Drops the nulls inside of a value. Actions are kept as they are: their payload is the server's. */
function present(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => each !== null).map(present);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inside]) => inside !== null && inside !== undefined)
      .map(([name, inside]) => [name, isAction(name) ? inside : present(inside)]),
  );
}

function knownValue(type: string, property: string, value: unknown, unknown: Unknown[]): unknown {
  const replaced = (used: unknown): unknown => {
    unknown.push({ property, value, used: used ?? null });
    return used;
  };
  const values = valuesOf(type, property);
  if (values) {
    if (values.includes(value as string)) return value;
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    return replaced(nearestValue(type, property, value, values));
  }
  if (SPACINGS.has(property)) return spacings(value, replaced);
  const kind =
    type === "Divider" && property === "color" ? "border" : (COLORS[property] ?? undefined);
  if (kind) return colors(value, kind, replaced);
  if (property === "border") return borderColors(value, replaced);
  if (property === "series") return knownSeries(value, unknown);
  if (property === "options")
    return Array.isArray(value) ? value.flatMap(knownOption) : replaced([]);
  return value;
}

/** Returns an option with a value and a label, or nothing. */
function knownOption(given: unknown): object[] {
  const option = typeof given === "object" && given !== null ? given : { value: given };
  const { value, label } = option as { value?: unknown; label?: unknown };
  if (!/^(?:string|number|boolean)$/.test(typeof value)) return [];
  return [{ ...option, value: String(value), label: String(label ?? value) }];
}

/** Drops the series that a chart can't draw, and replaces unknown colors of the others. */
function knownSeries(value: unknown, unknown: Unknown[]): unknown {
  if (!Array.isArray(value)) return undefined;
  const log = (property: string, given: unknown, used: unknown) => {
    unknown.push({ property: `series.${property}`, value: given, used: used ?? null });
    return used;
  };
  return value
    .filter((series) => {
      const isKnown = SERIES.has(series?.type) && typeof series.dataKey === "string";
      if (!isKnown) log("type", series?.type, null);
      return isKnown;
    })
    .map((series) => ({
      ...series,
      color: colors(series.color, "chart", (used) => log("color", series.color, used)),
    }));
}

function nearestValue(
  type: string,
  property: string,
  value: string | number,
  values: readonly string[],
): string | undefined {
  const pixels = Number.parseFloat(String(value));
  const sizes = property === "radius" ? RADII : property === "size" ? PIXELS[type] : undefined;
  if (sizes && /^[\d.]+(?:px)?$/u.test(String(value))) {
    const closest = sizes.reduce((best, each) =>
      Math.abs(each - pixels) < Math.abs(best - pixels) ? each : best,
    );
    return values[sizes.indexOf(closest)];
  }
  const name = String(value);
  if (property === "color") {
    const meaning = meaningOf(name);
    return values.find((each) => each === meaning);
  }
  const isSize = values.includes("sm");
  return (isSize ? nearestSize(name, values) : undefined) ?? nearestWord(name, values);
}

type Replace = (used: unknown) => unknown;

/** Replaces names such as `lg` by a number of spacing units. */
function spacings(value: unknown, replaced: Replace): unknown {
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([edge, size]) => [edge, spacings(size, replaced)]),
    );
  }
  // A CSS length begins with a digit or is a function; `auto` is one as well.
  if (typeof value !== "string" || !/^[\da-z][-\w]*$/i.test(value)) return value;
  if (value === "auto" || /^[\d.]+(?:[a-wyz]|$|%)/i.test(value)) return value;
  const name = nearestSize(value, Object.keys(SPACES));
  replaced(name);
  return name && SPACES[name];
}

function colors(value: unknown, kind: ColorKind, replaced: Replace): unknown {
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([scheme, each]) => [scheme, colors(each, kind, replaced)]),
    );
  }
  if (typeof value !== "string") return value;
  if (kind === "background" && value.trim() === "none") return undefined;
  const nearest = nearestColor(value, kind);
  return nearest === null ? value : replaced(nearest);
}

function borderPart(name: string, value: unknown, replaced: Replace): unknown {
  if (name === "color") return colors(value, "border", replaced);
  if (name === "style") return value;
  if (name === "size") return value === null ? value : borderSize(value, replaced);
  return borderColors(value, replaced);
}

/** Reads a border's width in pixels; the thinnest one if it can't be read. */
function borderSize(value: unknown, replaced: Replace): unknown {
  const size = Number.parseFloat(String(value));
  return Number.isNaN(size) ? replaced(1) : size;
}

/** Reads a border that is written as in CSS: `1px dashed red`. */
function borderOf(text: string, replaced: Replace): unknown {
  const [, size, style, color] =
    /^([\d.]+)(?:px)?(?: ([a-z]+)(?: ([^ ].*))?)?$/i.exec(text.trim()) ?? [];
  if (size === undefined) return replaced(undefined);
  return { size: Number(size), ...(style ? { style } : {}), ...(color ? { color } : {}) };
}

/** Replaces unknown colors of one border or of one per edge. */
function borderColors(value: unknown, replaced: Replace): unknown {
  if (typeof value === "string") return borderColors(borderOf(value, replaced), replaced);
  if (typeof value === "boolean") return replaced(value ? 1 : undefined);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, borderPart(name, each, replaced)]),
  );
}
