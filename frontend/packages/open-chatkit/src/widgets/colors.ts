/**
 * Converts a widget's colors to CSS, for both schemes. Values may originate from a model, so values
 * that could load a resource are rejected.
 */

import { type Pair, primitive } from "./primitives";

const SAFE_COLOR = /^[-#a-z0-9(),.%/\s]+$/i;
export const LOADS = /url|image|element|cross-fade|paint|src|attr|expression/i;

const TOKENS = {
  text: {
    prose: "text",
    primary: "text",
    emphasis: "text",
    secondary: "text-secondary",
    tertiary: "text-tertiary",
    success: "success",
    warning: "warning",
    caution: "warning",
    danger: "danger",
    info: "info",
    discovery: "discovery",
  },
  background: {
    surface: "surface",
    "surface-secondary": "surface-2",
    "surface-tertiary": "surface-3",
    "surface-elevated": "elevated",
    "surface-elevated-secondary": "elevated-2",
  },
  border: { default: "border", subtle: "border-subtle", strong: "border-strong" },
  chart: {
    blue: "chart-blue",
    purple: "chart-purple",
    orange: "chart-orange",
    green: "chart-green",
    red: "chart-red",
    yellow: "chart-yellow",
    pink: "chart-pink",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** The group of color names that a property accepts. */
export type ColorKind = keyof typeof TOKENS;

/** Returns a color in both schemes; null if the value is missing or invalid. */
export function colorPair(given: unknown, kind: ColorKind): Pair | null {
  if (typeof given === "string") return plainColor(given.trim(), kind);
  if (typeof given !== "object" || given === null) return null;
  const { light, dark } = given as Partial<Record<"light" | "dark", unknown>>;
  const inLight = typeof light === "string" ? plainColor(light.trim(), kind) : null;
  const inDark = typeof dark === "string" ? plainColor(dark.trim(), kind) : null;
  const some = inLight ?? inDark;
  return some && [(inLight ?? some)[0], (inDark ?? some)[1]];
}

function plainColor(given: string, kind: ColorKind): Pair | null {
  const tokens: Readonly<Record<string, string>> = TOKENS[kind];
  if (Object.hasOwn(tokens, given)) {
    const css = `var(--w-${tokens[given]})`;
    return [css, css];
  }
  const known = primitive(given)?.pair;
  if (known) return known;
  return isCssColor(given, kind) ? [given, given] : null;
}

/** Returns whether the browser knows a CSS color, or for backgrounds also a gradient. */
function isCssColor(given: string, kind: ColorKind): boolean {
  if (!SAFE_COLOR.test(given) || LOADS.test(given)) return false;
  if (kind === "background" && /gradient\(/i.test(given)) return true;
  return typeof CSS === "undefined" || !CSS.supports || CSS.supports("color", given);
}

/** Returns the CSS of a pair: one color, or one for each scheme. */
export function pairCss([light, dark]: Pair): string {
  return light === dark ? light : `light-dark(${light}, ${dark})`;
}

/** Returns a CSS color; undefined if the value is missing or invalid. */
export function color(given: unknown, kind: ColorKind): string | undefined {
  const pair = colorPair(given, kind);
  return pair ? pairCss(pair) : undefined;
}

const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/error|danger|destruct|critical|negative|fail|red/, "danger"],
  [/warn|caution|alert|orange|yellow|amber/, "warning"],
  [/succ|positive|confirm|ok|green/, "success"],
  [/info|link|accent|blue|brand/, "info"],
  [/discover|violet|purple|indigo/, "discovery"],
  [/tertiary|disabled|placeholder|hint|faint/, "tertiary"],
  [/second|muted|subtle|gr[ae]y|neutral|weak|dim|soft/, "secondary"],
  [/primary|emph|prose|text|default|strong|normal/, "primary"],
];

/** Returns the meaning of a color's name: the name of a text color; undefined if it has none. */
export function meaningOf(name: string): string | undefined {
  return MEANINGS.find(([words]) => words.test(name.toLowerCase()))?.[1];
}

const NEAREST: Readonly<Record<ColorKind, (name: string) => string | undefined>> = {
  text: (name) => meaningOf(name) ?? "primary",
  background: (name) =>
    /elevat|raised/.test(name)
      ? "surface-elevated"
      : /third|tertiary|strong/.test(name)
        ? "surface-tertiary"
        : /second|subtle|muted|soft|alt/.test(name)
          ? "surface-secondary"
          : "surface",
  border: (name) =>
    /strong|primary|emph|bold/.test(name)
      ? "strong"
      : /subtle|soft|weak|muted/.test(name)
        ? "subtle"
        : "default",
  chart: () => undefined,
};

/** Returns the token that replaces an unknown color name; null if the color is valid. */
export function nearestColor(given: string, kind: ColorKind): string | undefined | null {
  const name = given.trim();
  const token = primitive(name)?.token;
  if (token !== undefined) return token === name ? null : token;
  if (plainColor(name, kind) || !/^[a-z][-\w]*$/i.test(name)) return null;
  return NEAREST[kind](name.toLowerCase());
}
