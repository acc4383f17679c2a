/** Decodes entities and handles citation marks. */

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  ensp: "\u2002",
  emsp: "\u2003",
  thinsp: "\u2009",
  ndash: "–",
  mdash: "—",
  hellip: "…",
  lsquo: "‘",
  rsquo: "’",
  ldquo: "“",
  rdquo: "”",
  laquo: "«",
  raquo: "»",
  bull: "•",
  middot: "·",
  times: "×",
  divide: "÷",
  minus: "−",
  plusmn: "±",
  deg: "°",
  copy: "©",
  reg: "®",
  trade: "™",
  euro: "€",
  pound: "£",
  sect: "§",
  larr: "←",
  rarr: "→",
  uarr: "↑",
  darr: "↓",
  harr: "↔",
  le: "≤",
  ge: "≥",
  ne: "≠",
  asymp: "≈",
  infin: "∞",
  shy: "\u00ad",
};

/** Decodes common entities; unknown ones stay unchanged. */
export function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,8}));/giu, (whole, dec, hex, name) => {
    if (name) return NAMED[name] ?? whole;
    const code = dec ? Number(dec) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/*
 * A citation is encoded in the markdown as a number between two rare brackets. The brackets are
 * punctuation, so that `**bold.**` directly before them still ends its emphasis.
 */
const OPEN = "\u2e28\ue000";
const CLOSE = "\ue000\u2e29";
const MARK = /\u2e28\ue000(\d+)\ue000\u2e29/gu;

/** Inserts citation marks into a text. */
export function insertMarks(
  text: string,
  marks: readonly { index: number; number: number }[],
): string {
  if (marks.length === 0) return text;
  const sorted = [...marks].sort((a, b) => a.index - b.index);
  let result = "";
  let from = 0;
  for (const mark of sorted) {
    const at = Math.min(Math.max(mark.index, from), text.length);
    result += text.slice(from, at) + OPEN + mark.number + CLOSE;
    from = at;
  }
  return result + text.slice(from);
}

export function withoutMarks(text: string): string {
  return text.replace(MARK, "");
}

/** Splits a text into alternating texts and citation numbers. */
export function splitMarks(text: string): (string | number)[] {
  if (!text.includes(OPEN)) return [text];
  return text.split(MARK).map((part, index) => (index % 2 === 1 ? Number(part) : part));
}
