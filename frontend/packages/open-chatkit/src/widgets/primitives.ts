/**
 * The primitive colors of widgets, `gray-100` or `red-a50`. The values are those of the published
 * design tokens (`@openai/apps-sdk-ui`): grays and `alpha-*` depend on the scheme, hues don't.
 */

/** A color in the light and in the dark scheme. */
export type Pair = readonly [light: string, dark: string];

const SHADES = [25, 50, 75, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950, 1000];

const HUES: Readonly<Record<string, string>> = {
  red: "fff0f0 ffd9d9 ffc6c5 ffa4a2 ff8583 ff6764 fa423e e02e2a ba2623 911e1b 6e1615 4d100e 280b0a 1f0909",
  orange:
    "fff5f0 ffe7d9 ffcfb4 ffb790 ff9e6c ff8549 fb6a22 e25507 b9480d 923b0f 6d2e0f 4a2206 281105 211107",
  yellow:
    "fffbed fff6d9 ffeeb8 ffe48c ffdb66 ffd240 ffc300 e0ac00 ba8e00 916f00 6e5400 4d3b00 261d00 1a1400",
  green:
    "edfaf2 d9f4e4 b8ebcc 8cdfad 66d492 40c977 04b84c 00a240 008635 00692a 004f1f 003716 011c0b 001207",
  blue: "f5faff e5f3ff cce6ff 99ceff 66b5ff 339cff 0285ff 0169cc 004f99 003f7a 013566 00284d 000e1a 000d19",
  purple:
    "f9f5fe efe5fe e0cefd ceb0fb be95fa ad7bf9 924ff7 8046d9 6b3ab4 532d8d 3f226a 2c184a 160c25 100a19",
  pink: "fff4f9 ffe8f3 ffd4e8 ffbada ffa3ce ff8cc1 ff66ad e04c91 ba437a 963c67 6e2c4a 4d1f34 29101c 1a0a11",
};

const GRAY_SHADES = [
  0, 25, 50, 75, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600, 650, 700, 750, 800, 850,
  900, 925, 950, 975, 1000,
];
// One byte each: grays have no hue.
const GRAYS: Pair = [
  "fffcf9f3eddfcdb9af9f8f765d4f41393028211c181613100d",
  "0d101316181c21283039414f5d768f9fafb9cddcedf3f3f9ff",
];

/** Translucent hues, in percent of shade 400. */
const ALPHAS: readonly (readonly [shade: number, percent: number])[] = [
  [25, 8],
  [50, 15],
  [75, 28],
  [100, 45],
  [200, 60],
  [300, 76],
];

/** Hues of other palettes. */
const SIMILAR: Readonly<Record<string, string>> = {
  grey: "gray",
  slate: "gray",
  zinc: "gray",
  neutral: "gray",
  stone: "gray",
  rose: "pink",
  magenta: "pink",
  fuchsia: "pink",
  amber: "yellow",
  gold: "yellow",
  lime: "green",
  emerald: "green",
  teal: "green",
  cyan: "blue",
  sky: "blue",
  indigo: "blue",
  navy: "blue",
  violet: "purple",
};

function closest(shades: readonly number[], wanted: number): number {
  return shades.reduce((best, shade) =>
    Math.abs(shade - wanted) < Math.abs(best - wanted) ? shade : best,
  );
}

const translucent = (color: string, percent: number): string =>
  `color-mix(in oklab, ${color} ${percent}%, transparent)`;

/**
 * Returns a primitive color and the name of the token that it is; null if `name` isn't a primitive.
 * Unknown shades and hues of other palettes become the nearest token.
 */
export function primitive(name: string): { pair: Pair; token: string } | null {
  const [, word = "", a = "", digits = ""] = /^([a-z]+)[-.](a?)(\d{1,4})$/u.exec(name) ?? [];
  const wanted = Number(digits);
  if (word === "alpha") {
    const percent = Math.min(100, wanted);
    return {
      pair: [translucent("#0d0d0d", percent), translucent("#fff", percent)],
      token: wanted > 100 ? "alpha-100" : name,
    };
  }
  const hue = Object.hasOwn(SIMILAR, word) ? (SIMILAR[word] ?? word) : word;
  if (hue === "gray") {
    const shade = closest(GRAY_SHADES, wanted);
    const at = GRAY_SHADES.indexOf(shade) * 2;
    const [light, dark] = GRAYS.map((bytes) => `#${bytes.slice(at, at + 2).repeat(3)}`);
    return { pair: [light ?? "", dark ?? ""], token: `gray-${shade}` };
  }
  if (!Object.hasOwn(HUES, hue)) return null;
  const hexes = HUES[hue]?.split(" ") ?? [];
  const of = (shade: number) => `#${hexes[SHADES.indexOf(shade)]}`;
  if (a) {
    const shades = ALPHAS.map(([shade]) => shade);
    const shade = closest(shades, wanted);
    const color = translucent(of(400), ALPHAS[shades.indexOf(shade)]?.[1] ?? 100);
    return { pair: [color, color], token: `${hue}-a${shade}` };
  }
  const shade = closest(SHADES, wanted);
  return { pair: [of(shade), of(shade)], token: `${hue}-${shade}` };
}
