/** Shows incomplete markdown at the end of a growing text as what it will probably become. */

import remend, { isWithinCodeBlock } from "remend";
import { canBeTex } from "./formulas";

const OPTIONS = {
  // Formulas are hidden until they are complete.
  katex: false,
  // Not part of this dialect.
  setextHeadings: false,
  singleTilde: false,
  comparisonOperators: false,
  linkMode: "text-only",
} as const;

/** Longer beginnings of formulas and tables are shown. */
const MAX_FORMULA_CHARS = 2000;
const MAX_HEAD_CHARS = 200;

/** In place of an escaped bracket, which `remend` takes for that of a link. */
const ESCAPED = [
  ["\\[", "\\\ue010"],
  ["\\]", "\\\ue011"],
] as const;

/** The marks of quotes and items before the content of a line. */
const CONTAINERS = /^(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*/u;

/** The start of a line that may become a rule, a heading, a fence, an item, a box or a definition. */
const OPEN_MARKER = /^(?:[-*+_=~`#]+|\d{1,9}[.)]?|\[[^[\]]*(?:\]:?)?)?$/u;

/** Emphasis, an escape, a footnote, an entity. */
const OPEN_INLINE = /(?:[*_~]{1,3}|\\|\[\^[^[\]\s]*|&(?:#\w{0,7}|[a-z]{2,8}))$/iu;

/** An image, a tag or a comment. */
const OPEN_IMAGE = /!(?:\[[^[\]\n]*(?:\](?:\([^()\s]*)?)?)?$/u;
const OPEN_TAG = /<(?:!-?)?$/u;

function cutAt(text: string, at: number): string {
  return at < 0 || isWithinCodeBlock(text, at) ? text : text.slice(0, at);
}

/** Hides a last line that is only the beginning of a block. */
function cutMarker(text: string): string {
  const start = text.lastIndexOf("\n") + 1;
  const line = text.slice(start);
  const isOpen = line.trim() !== "" && OPEN_MARKER.test(line.replace(CONTAINERS, "").trimEnd());
  return isOpen ? cutAt(text, Math.max(start - 1, 0)) : text;
}

/** Hides a formula whose end is missing. */
function cutFormula(text: string): string {
  const starts = [
    [text.lastIndexOf("\\("), "\\)"],
    [text.lastIndexOf("\\["), "\\]"],
    [text.lastIndexOf("\\begin{"), "\\end{"],
    [text.split("$$").length % 2 === 0 ? text.lastIndexOf("$$") : -1, "$$"],
  ] as const;
  const open = starts.find(([at, end]) => {
    const tex = text.slice(at + 2);
    return at >= 0 && tex.length < MAX_FORMULA_CHARS && !tex.includes(end) && canBeTex(tex);
  });
  return open ? cutAt(text, open[0]) : text;
}

/** Returns the source of an open block as it is shown. */
export function heal(raw: string): string {
  let text = cutFormula(raw);
  const comment = text.lastIndexOf("<!--");
  if (!text.includes("-->", comment)) text = cutAt(text, comment);
  text = cutMarker(text);
  for (const pattern of [OPEN_INLINE, OPEN_IMAGE, OPEN_TAG]) {
    text = cutAt(text, text.search(pattern));
  }
  for (const [source, mask] of ESCAPED) text = text.replaceAll(source, mask);
  text = remend(text, OPTIONS);
  for (const [source, mask] of ESCAPED) text = text.replaceAll(mask, source);
  return text;
}

/** Returns the code of an open block without the beginning of its closing fence. */
export function withoutOpenFence(code: string): string {
  return code.replace(/(?:^|\n) {0,3}(?:`{1,2}|~{1,2}|`{3,}|~{3,})$/u, "");
}

const cells = (row: string): number =>
  row
    .trim()
    .replace(/^\||\|$/gu, "")
    .split("|").length;

/** A pipe between two cells, outside of code. */
const PIPE = /^\s*\||\s\|(?=\s|$)/u;

/**
 * Hides the head of a table at the end of a text until the row below it is complete. Pipes within a
 * line may belong to a sentence, so that the text before them stays.
 */
export function withoutTableHead(text: string): string {
  const lines = text.slice(text.lastIndexOf("\n\n") + 1).split("\n");
  const hasRow = lines.length > 1 && /^[ \t|:-]*$/u.test(lines.at(-1) ?? "");
  const row = hasRow ? (lines.at(-1) ?? "") : null;
  const head = lines.at(hasRow ? -2 : -1) ?? "";
  const before = lines.at(hasRow ? -3 : -2) ?? "";
  const pipe = head.replace(/`[^`]*(?:`|$)/gu, (code) => "a".repeat(code.length)).search(PIPE);
  const isTable = row?.includes("-") && cells(row) === cells(head);
  if (pipe < 0 || isTable || before.includes("|") || head.length > MAX_HEAD_CHARS) return text;
  return cutAt(text, text.length - (row === null ? 0 : row.length + 1) - head.length + pipe);
}
