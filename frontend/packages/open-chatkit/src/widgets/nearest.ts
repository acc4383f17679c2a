/** Finds the token that an unknown name of a size or of a look means. */

const WORDS: Readonly<Record<string, number>> = {
  none: -9,
  tiny: -2,
  s: -1,
  sm: -1,
  small: -1,
  tight: -1,
  m: 0,
  md: 0,
  medium: 0,
  base: 0,
  default: 0,
  normal: 0,
  regular: 0,
  l: 1,
  lg: 1,
  large: 1,
  big: 1,
  loose: 1,
  huge: 3,
  full: 99,
};

/** Returns a size's place on the scale of `sm` -1, `md` 0, `lg` 1; null if it isn't a size. */
export function sizeRank(given: string): number | null {
  const name = given
    .toLowerCase()
    .replace(/extra/gu, "x")
    .replace(/[-_\s]/gu, "");
  if (Object.hasOwn(WORDS, name)) return WORDS[name] ?? null;
  const [, digits, xs = "", end = ""] = /^(\d*)(x*)(s|small|l|large)$/u.exec(name) ?? [];
  if (xs === "") return null;
  const steps = 1 + (digits ? Number(digits) : xs.length);
  return end.startsWith("s") ? -steps : steps;
}

/** Returns the size next to an unknown one; undefined if it isn't a size. */
export function nearestSize(given: string, sizes: readonly string[]): string | undefined {
  const rank = sizeRank(given);
  if (rank === null) return undefined;
  const distance = (size: string) => Math.abs((sizeRank(size) ?? 100) - rank);
  return sizes.reduce((best, size) => (distance(size) < distance(best) ? size : best));
}

/** Words of other systems for our values, most specific first. */
const MEANINGS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/between/, ["between"]],
  [/around/, ["around"]],
  [/evenly/, ["evenly"]],
  [/semi|demi|[56]50|600/, ["semibold"]],
  [/bold|black|heavy|strong|[789]00/, ["bold"]],
  [/light|thin|regular|normal|book|[1-4]00/, ["normal", "nowrap"]],
  [/500/, ["medium"]],
  [/start|left|top/, ["start"]],
  [/end|right|bottom/, ["end"]],
  [/center|centre|middle/, ["center"]],
  [/stretch|fill/, ["stretch", "fill", "solid"]],
  [/outline|border|stroke/, ["outline"]],
  [/ghost|text|link|plain|bare/, ["ghost", "outline"]],
  [/soft|tonal|subtle|second|light/, ["soft", "secondary"]],
  [/solid|contained|primary|filled/, ["solid", "primary", "soft"]],
  [/col|vert/, ["col"]],
  [/row|hori/, ["row"]],
  [/round|circle|pill|full/, ["full"]],
  [/square|sharp/, ["none"]],
];

/** Returns the value that an unknown one means; undefined if nothing is close. */
export function nearestWord(given: string, values: readonly string[]): string | undefined {
  const name = given.toLowerCase();
  for (const [words, meant] of MEANINGS) {
    const value = words.test(name) && meant.find((each) => values.includes(each));
    if (value) return value;
  }
  return undefined;
}
