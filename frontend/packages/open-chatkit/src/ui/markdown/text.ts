/** Prepares the text of an answer: entities, invisible characters, citation marks. */

import { characterEntitiesHtml4 } from "character-entities-html4";

/** Names of HTML 5 that models use, besides those of HTML 4. */
const NAMED: Readonly<Record<string, string>> = {
  ...characterEntitiesHtml4,
  apos: "'",
  check: "✓",
  cross: "✗",
  star: "☆",
  starf: "★",
  phone: "☎",
  lbrace: "{",
  rbrace: "}",
  lsqb: "[",
  rsqb: "]",
  lpar: "(",
  rpar: ")",
  ast: "*",
  lowbar: "_",
  num: "#",
  vert: "|",
  dollar: "$",
  colon: ":",
  comma: ",",
  period: ".",
  sol: "/",
  bsol: "\\",
  nearr: "↗",
  checkmark: "✓",
};

/** Decodes common entities; unknown ones stay unchanged. */
export function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,8}));/giu, (whole, dec, hex, name) => {
    if (name) return Object.hasOwn(NAMED, name) ? (NAMED[name] ?? whole) : whole;
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

/** Marks that some models leave in a text, such as `【4:0†source】`, with the space before them. */
const MODEL_MARK = / ?(?:\ue200[^\ue200\ue201\n]*\ue201|【\d+(?::\d+)?†[^【】\n]*】)/gu;

/** The beginning of such a mark at the end of a text. */
const OPEN_MODEL_MARK = / ?(?:\ue200[^\ue200\ue201\n]*|【(?:\d+(?::\d*)?(?:†[^【】\n]*)?)?)$/u;

/** Returns a text without models' marks and with the spaces that markdown knows. */
export function normalizeText(text: string, streaming: boolean): string {
  let result = text.replace(/\r\n?/gu, "\n");
  if (/[\ue200【]/u.test(result)) {
    result = result.replace(MODEL_MARK, "");
    if (streaming) result = result.replace(OPEN_MODEL_MARK, "");
  }
  return result
    .replace(/^[\u200b\u2060\ufeff]+/gmu, "")
    .replace(/^([ \t]*(?:[-*+>]|#{1,6}|\d{1,9}[.)]))[\u00a0\u202f\u3000]/gmu, "$1 ");
}
