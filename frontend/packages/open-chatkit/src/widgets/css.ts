/**
 * Converts a widget's style properties to CSS. Values may originate from a model, so values that could
 * load a resource are rejected. Styles are set property by property (CSSOM), which a strict
 * Content-Security-Policy allows.
 */

import { color, LOADS } from "./colors";
import type { BlockProps, BorderEdge, Borders, BoxProps, Size, Spacing } from "./types";

export type Style = Record<string, string>;

const SAFE_LENGTH = /^[-+*/().,%a-z0-9\s]+$/i;

/** Returns a CSS length; numbers are in px. */
export function length(given: unknown): string | undefined {
  if (typeof given === "number") return Number.isFinite(given) ? `${given}px` : undefined;
  return text(given);
}

/** Returns a CSS length; numbers are in the theme's spacing unit (4 px at normal density). */
export function spacing(given: unknown): string | undefined {
  if (typeof given === "number") return spaces(given);
  return typeof given === "string" && /^-?[\d.]+$/.test(given.trim())
    ? spaces(Number(given))
    : text(given);
}

/** Spacings by name, in units. */
export const SPACES: Readonly<Record<string, number>> = {
  none: 0,
  "3xs": 0.5,
  "2xs": 1,
  xs: 1.5,
  sm: 2,
  md: 3,
  lg: 4,
  xl: 6,
  "2xl": 8,
  "3xl": 10,
  "4xl": 12,
};

function spaces(count: number): string | undefined {
  if (!Number.isFinite(count)) return undefined;
  return count === 0 ? "0px" : `calc(var(--w-unit) * ${count})`;
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

/** Returns the paddings as custom properties, for content that extends to the edges. */
export function pads(given: Size | Spacing | null | undefined): Style {
  const sides = edges("padding", given);
  const side = (edge: string, axis: string): string | undefined =>
    sides[`padding-${edge}`] ?? sides[`padding-${axis}`] ?? sides.padding;
  return defined({
    "--w-pad-top": side("top", "block"),
    "--w-pad-bottom": side("bottom", "block"),
    "--w-pad-left": side("left", "inline"),
    "--w-pad-right": side("right", "inline"),
  });
}

const BORDER_STYLES = new Set("solid dashed dotted double groove ridge inset outset".split(" "));

function borderLine(given: number | BorderEdge | null | undefined): string | undefined {
  const edge = typeof given === "number" ? { size: given } : given;
  const size = edge?.size ?? (edge?.color || edge?.style ? 1 : undefined);
  if (typeof size !== "number") return undefined;
  const style = edge?.style && BORDER_STYLES.has(edge.style) ? edge.style : "solid";
  return `${size}px ${style} ${color(edge?.color, "border") ?? "var(--w-border)"}`;
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

/**
 * Returns sizes, margin and border radius. A fixed width is kept beside long neighbors, and a fixed
 * height below tall ones, but nothing is wider than its container.
 */
export function block(given: BlockProps): Style {
  const ratio = given.aspectRatio;
  const width = length(given.width ?? given.size);
  const height = length(given.height ?? given.size);
  const maxWidth = length(given.maxWidth ?? given.maxSize);
  const maxHeight = length(given.maxHeight ?? given.maxSize);
  const isFlexible = (given as { flex?: unknown }).flex !== undefined;
  const kept = isFlexible || maxWidth ? undefined : fixed(width);
  const minWidth = length(given.minWidth ?? given.minSize) ?? kept;
  return defined({
    width,
    height,
    "min-width": fixed(minWidth) ? `min(${minWidth}, 100%)` : minWidth,
    "min-height":
      length(given.minHeight ?? given.minSize) ?? (maxHeight ? undefined : fixed(height)),
    "max-width": maxWidth ?? (kept && "100%"),
    "max-height": maxHeight,
    "aspect-ratio": ratio === undefined || ratio === null ? undefined : rawNumber(ratio),
    "border-radius": RADII[given.radius ?? ""],
    ...edges("margin", given.margin),
  });
}

/** Returns a length if it depends neither on the container nor on the content. */
function fixed(size: string | undefined): string | undefined {
  return size && /^[\d.]+(?:px|rem|em)$/.test(size) ? size : undefined;
}

function rawNumber(given: Size): string | undefined {
  const ratio = String(given).replace(":", "/");
  return /^[\d./\s]+$/.test(ratio) ? ratio : undefined;
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
    ...pads(given.padding),
    ...borders(given.border),
    "align-items": FLEX[given.align ?? ""],
    "justify-content": FLEX[given.justify ?? ""],
    "flex-wrap": /^(nowrap|wrap|wrap-reverse)$/.test(given.wrap ?? "") ? given.wrap : undefined,
    gap: spacing(given.gap),
    ...flex(given.flex),
  });
}

/** Returns the flex of an item in its row or column. */
export function flex(given: Size | null | undefined): Style {
  if (given === undefined || given === null) return {};
  const value = String(given);
  if (!SAFE_LENGTH.test(value)) return {};
  return { flex: value };
}

/** Drops undefined properties. */
export function defined(style: Record<string, string | undefined>): Style {
  return Object.fromEntries(
    Object.entries(style).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
