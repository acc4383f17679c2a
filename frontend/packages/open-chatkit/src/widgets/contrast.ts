/** Keeps texts readable on backgrounds that a widget chooses. */

import type { Pair } from "./primitives";

export type Rgb = readonly [red: number, green: number, blue: number];
/** The colors behind a text, by scheme; null if they aren't known, for example of a gradient. */
export type Backdrop = readonly [light: Rgb | null, dark: Rgb | null];

/** The lowest contrast of text (WCAG 2, level AA). */
const LEAST = 4.5;
/** The contrast of a theme's texts on a widget's background, which soft badges and hovering tint. */
export const LEAST_TINTED = 6;

/** The contrast-critical extremes of the chat's own surfaces: hovered rows, quiet boxes. */
export const OWN_BACKDROP: Backdrop = [
  [240, 240, 240],
  [48, 48, 50],
];

const known = new Map<string, readonly [...Rgb, number] | null>();

/** Returns a CSS color's channels and opacity; null if it can't be computed. */
function channels(css: string): readonly [...Rgb, number] | null {
  const before = known.get(css);
  if (before !== undefined) return before;
  const found = hex(css) ?? painted(css);
  if (known.size > 500) known.clear();
  known.set(css, found);
  return found;
}

function hex(css: string): readonly [...Rgb, number] | null {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(css)?.[1];
  if (!digits) return null;
  const full = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
  const at = (index: number) => Number.parseInt(full.slice(index, index + 2), 16);
  return [at(0), at(2), at(4), 1];
}

let pixel: CanvasRenderingContext2D | null | undefined;

/** Lets the browser compute any other color. */
function painted(css: string): readonly [...Rgb, number] | null {
  if (/var\(|gradient|currentcolor/i.test(css)) return null;
  if (pixel === undefined) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    pixel = canvas.getContext?.("2d", { willReadFrequently: true }) ?? null;
  }
  if (!pixel) return null;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = "#000";
  pixel.fillStyle = css;
  pixel.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, alpha = 0] = pixel.getImageData(0, 0, 1, 1).data;
  return [r, g, b, alpha / 255];
}

const mix = (over: Rgb, under: Rgb, share: number): Rgb =>
  [0, 1, 2].map((at) => (over[at] ?? 0) * share + (under[at] ?? 0) * (1 - share)) as unknown as Rgb;

function luminance(color: Rgb): number {
  const [r = 0, g = 0, b = 0] = color.map((byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Returns the contrast of two colors, from 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

/** Returns what is behind a text on a background; null if a translucent one covers the unknown. */
export function backdropOn(background: Pair, under: Backdrop): Backdrop {
  const [light = null, dark = null] = [0, 1].map((scheme) => {
    const color = channels(background[scheme] ?? "");
    const behind = under[scheme];
    if (!color) return null;
    const [r, g, b, alpha] = color;
    if (alpha === 1) return [r, g, b] as Rgb;
    return behind ? mix([r, g, b], behind, alpha) : null;
  });
  return [light, dark];
}

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/** Returns a color, or the closest mixture with black or white that is readable on a backdrop. */
export function readable(css: string, behind: Rgb | null, least = LEAST): string {
  const given = behind && channels(css);
  if (!behind || !given) return css;
  const [r, g, b, alpha] = given;
  const seen = mix([r, g, b], behind, alpha);
  if (contrast(seen, behind) >= least) return css;
  const reachable = Math.max(contrast(BLACK, behind), contrast(WHITE, behind)) - 0.1;
  const isDark = luminance(seen) < luminance(behind);
  for (const end of isDark ? [BLACK, WHITE] : [WHITE, BLACK]) {
    for (let share = 0.05; share <= 1.001; share += 0.05) {
      const mixed = mix(end, seen, share).map(Math.round) as unknown as Rgb;
      if (contrast(mixed, behind) >= Math.min(least, reachable)) return `rgb(${mixed.join(" ")})`;
    }
  }
  return css;
}

/** Returns a text color that is readable in both schemes. */
export function readablePair(pair: Pair, backdrop: Backdrop, least = LEAST): Pair {
  return [readable(pair[0], backdrop[0], least), readable(pair[1], backdrop[1], least)];
}

/** Returns the color that may tint a surface behind a text: the text's own if there is contrast to spare. */
export function tintBehind(ink: string, behind: Rgb | null): string {
  const given = behind && channels(ink);
  if (!behind || !given) return ink;
  const [r, g, b, alpha] = given;
  const seen = mix([r, g, b], behind, alpha);
  if (contrast(seen, behind) >= LEAST_TINTED) return ink;
  return luminance(seen) < luminance(behind) ? "#fff" : "#000";
}
