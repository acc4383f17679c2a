/**
 * Converts a widget's style properties to CSS. Values may originate from a model, so values that could
 * load a resource are rejected. Styles are set property by property (CSSOM), which a strict
 * Content-Security-Policy allows.
 */

import type { BlockProps, BorderEdge, Borders, BoxProps, Color, Size, Spacing } from "./types";

export type Style = Record<string, string>;

const SAFE_COLOR = /^[-#a-z0-9(),.%/\s]+$/i;
const LOADS = /url|image|element|cross-fade|paint|src|attr|expression/i;
const SAFE_LENGTH = /^[-+*/().,%a-z0-9\s]+$/i;

/** Hue and chroma of the primitive colors, for `oklch()`. */
const PRIMITIVES: Readonly<Record<string, readonly [chroma: number, hue: number]>> = {
  gray: [0.004, 265],
  red: [0.2, 25],
  orange: [0.17, 52],
  yellow: [0.16, 90],
  green: [0.15, 152],
  blue: [0.17, 255],
  purple: [0.19, 300],
  pink: [0.19, 355],
  teal: [0.12, 190],
};

const TOKENS = {
  text: {
    prose: "var(--w-text)",
    primary: "var(--w-text)",
    emphasis: "var(--w-text)",
    secondary: "var(--w-text-secondary)",
    tertiary: "var(--w-text-tertiary)",
    success: "var(--w-success)",
    warning: "var(--w-warning)",
    danger: "var(--w-danger)",
    info: "var(--w-info)",
    discovery: "var(--w-discovery)",
  },
  background: {
    surface: "var(--w-surface)",
    "surface-secondary": "var(--w-surface-2)",
    "surface-tertiary": "var(--w-surface-3)",
    "surface-elevated": "var(--w-elevated)",
    "surface-elevated-secondary": "var(--w-elevated-2)",
  },
  border: {
    default: "var(--w-border)",
    subtle: "var(--w-border-subtle)",
    strong: "var(--w-border-strong)",
  },
  chart: {
    blue: "var(--w-chart-blue)",
    purple: "var(--w-chart-purple)",
    orange: "var(--w-chart-orange)",
    green: "var(--w-chart-green)",
    red: "var(--w-chart-red)",
    yellow: "var(--w-chart-yellow)",
    pink: "var(--w-chart-pink)",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** The group of color names that a property accepts. */
export type ColorKind = keyof typeof TOKENS;

/** Returns a CSS color; undefined if the value is missing or invalid. */
export function color(given: unknown, kind: ColorKind): string | undefined {
  if (typeof given === "string") return plainColor(given.trim(), kind);
  if (typeof given !== "object" || given === null) return undefined;
  const { light, dark } = given as Partial<Record<"light" | "dark", unknown>>;
  const [inLight, inDark] = [light, dark].map((each) =>
    typeof each === "string" ? plainColor(each.trim(), kind) : undefined,
  );
  if (!inLight || !inDark) return inLight ?? inDark;
  return `light-dark(${inLight}, ${inDark})`;
}

function plainColor(given: string, kind: ColorKind): string | undefined {
  const tokens: Readonly<Record<string, string>> = TOKENS[kind];
  if (Object.hasOwn(tokens, given)) return tokens[given];
  const primitive = /^([a-z]+)-(\d{1,4})$/.exec(given);
  if (primitive) return primitiveColor(primitive[1] ?? "", Number(primitive[2]));
  return SAFE_COLOR.test(given) && !LOADS.test(given) ? given : undefined;
}

/** Returns a shade from 0 (white) to 1000 (nearly black); chroma is highest in between. */
function primitiveColor(name: string, shade: number): string | undefined {
  const primitive = PRIMITIVES[name];
  if (!primitive || shade > 1000) return undefined;
  const [chroma, hue] = primitive;
  const lightness = 1 - (shade / 1000) * 0.86;
  const strength = Math.sin(Math.PI * Math.min(1, Math.max(0.06, shade / 1000)));
  return `oklch(${lightness.toFixed(3)} ${(chroma * strength).toFixed(3)} ${hue})`;
}

/** Returns a CSS length; numbers are in px. */
export function length(given: unknown): string | undefined {
  if (typeof given === "number") return Number.isFinite(given) ? `${given}px` : undefined;
  return text(given);
}

/** Returns a CSS length; numbers are in the theme's spacing unit (4 px at normal density). */
export function spacing(given: unknown): string | undefined {
  if (typeof given === "number") return spaces(given);
  return text(given);
}

function spaces(count: number): string | undefined {
  if (!Number.isFinite(count)) return undefined;
  return count === 0 ? "0" : `calc(var(--w-unit) * ${count})`;
}

function text(given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  const trimmed = given.trim();
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) return `${trimmed}px`;
  return SAFE_LENGTH.test(trimmed) && !LOADS.test(trimmed) ? trimmed : undefined;
}

/** Returns paddings or margins; a single edge overrides its axis: `top` over `y`. */
export function edges(
  property: "padding" | "margin",
  given: Size | Spacing | null | undefined,
): Style {
  if (typeof given !== "object" || given === null) return defined({ [property]: spacing(given) });
  return defined({
    [`${property}-inline`]: spacing(given.x),
    [`${property}-block`]: spacing(given.y),
    [`${property}-top`]: spacing(given.top),
    [`${property}-right`]: spacing(given.right),
    [`${property}-bottom`]: spacing(given.bottom),
    [`${property}-left`]: spacing(given.left),
  });
}

const BORDER_STYLES = new Set("solid dashed dotted double groove ridge inset outset".split(" "));

function borderLine(given: number | BorderEdge | null | undefined): string | undefined {
  const edge = typeof given === "number" ? { size: given } : given;
  if (typeof edge?.size !== "number") return undefined;
  const style = edge.style && BORDER_STYLES.has(edge.style) ? edge.style : "solid";
  return `${edge.size}px ${style} ${color(edge.color, "border") ?? "var(--w-border)"}`;
}

/** Returns borders: one for all edges, or one per edge. */
export function borders(given: number | BorderEdge | Borders | null | undefined): Style {
  if (given === null || given === undefined) return {};
  if (typeof given === "number" || "size" in given) {
    return defined({ border: borderLine(given as number | BorderEdge) });
  }
  return defined({
    "border-inline": borderLine(given.x),
    "border-block": borderLine(given.y),
    "border-top": borderLine(given.top),
    "border-right": borderLine(given.right),
    "border-bottom": borderLine(given.bottom),
    "border-left": borderLine(given.left),
  });
}

const RADII: Readonly<Record<string, string>> = {
  none: "0",
  "2xs": "2px",
  xs: "4px",
  sm: "6px",
  md: "8px",
  lg: "10px",
  xl: "12px",
  "2xl": "16px",
  "3xl": "20px",
  "4xl": "24px",
  full: "9999px",
  "100%": "100%",
};

/** Returns sizes, margin and border radius. */
export function block(given: BlockProps): Style {
  const ratio = given.aspectRatio;
  return defined({
    width: length(given.width ?? given.size),
    height: length(given.height ?? given.size),
    "min-width": length(given.minWidth ?? given.minSize),
    "min-height": length(given.minHeight ?? given.minSize),
    "max-width": length(given.maxWidth ?? given.maxSize),
    "max-height": length(given.maxHeight ?? given.maxSize),
    "aspect-ratio": ratio === undefined || ratio === null ? undefined : rawNumber(ratio),
    "border-radius": RADII[given.radius ?? ""],
    ...edges("margin", given.margin),
  });
}

function rawNumber(given: Size): string | undefined {
  return /^[\d./\s]+$/.test(String(given)) ? String(given) : undefined;
}

const FLEX: Readonly<Record<string, string>> = {
  start: "flex-start",
  end: "flex-end",
  center: "center",
  baseline: "baseline",
  stretch: "stretch",
  between: "space-between",
  around: "space-around",
  evenly: "space-evenly",
};

/** Returns the styles of a flex container. */
export function box(given: BoxProps): Style {
  return defined({
    ...block(given),
    ...edges("padding", given.padding),
    ...borders(given.border),
    "align-items": FLEX[given.align ?? ""],
    "justify-content": FLEX[given.justify ?? ""],
    "flex-wrap": /^(nowrap|wrap|wrap-reverse)$/.test(given.wrap ?? "") ? given.wrap : undefined,
    gap: spacing(given.gap),
    ...flex(given.flex),
    background: color(given.background, "background"),
  });
}

/** Returns the flex of an item in its row or column. */
export function flex(given: Size | null | undefined): Style {
  if (given === undefined || given === null) return {};
  const value = String(given);
  if (!SAFE_LENGTH.test(value)) return {};
  return { flex: value, "min-width": "0" };
}

/** Returns a style with one color property. */
export function colored(property: string, given: Color | undefined, kind: ColorKind): Style {
  return defined({ [property]: color(given, kind) });
}

/** Drops undefined properties. */
export function defined(style: Record<string, string | undefined>): Style {
  return Object.fromEntries(
    Object.entries(style).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
