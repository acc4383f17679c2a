/**
 * The parser's rules where they differ from GitHub's.
 *
 * Emphasis beside Chinese, Japanese and Korean, which have no spaces around it: `**「強調」**文`.
 *
 * CommonMark lets a delimiter that follows punctuation end emphasis only before a space or more
 * punctuation. Here, as in the specification of markdown-cjk-friendly, punctuation of these languages
 * counts as a letter, and any of their characters as a neighbor like a space.
 */

import { Lexer } from "marked";

const CJK = String.raw`\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Bopo}\u3001-\u303f\u30fb\u30fc\uff01-\uff60\uffe0-\uffe6`;
const PUNCTUATION = String.raw`(?![~${CJK}])[\p{P}\p{S}]`;
const OTHER = String.raw`(?:[^\s\p{P}\p{S}${CJK}]|~)`;

/** Groups 1 and 2 only end emphasis, 3 and 4 only start it, 5 and 6 do either. */
function closers(mark: string, run: string): string {
  const beside = `(?:${PUNCTUATION}|[${CJK}])`;
  const letter = `(?:${OTHER}|[${CJK}])`;
  return [
    `[^${mark}]+(?=[^${mark}])`,
    `(?!${mark})${beside}(${run})(?=\\s|$)`,
    `${OTHER}(${run})(?!${mark})(?=\\s|${PUNCTUATION}|$)`,
    `(?!${mark})${PUNCTUATION}(${run})(?=${OTHER})`,
    `\\s(${run})(?!${mark})(?=\\S)`,
    `(?!${mark})${beside}(${run})(?!${mark})(?=${beside})`,
    `${letter}(${run})(?=${letter})`,
  ].join("|");
}

// Two underscores around an asterisk don't belong to it.
const AROUND_ASTERISK = String.raw`^[^_*]*?__[^_*]*?\*[^_*]*?(?=__)`;

const { gfm } = Lexer.rules.block;
const { breaks } = Lexer.rules.inline;

/** A rule below a text is a rule: models rarely mean a heading. */
export const blockRules = {
  ...gfm,
  lheading: new RegExp(gfm.lheading.source.replace("(=+|-+)", "(=+)"), gfm.lheading.flags),
};

/** marked's rules for inline text, with line breaks kept. */
export const inlineRules = {
  ...breaks,
  // `www.` also starts a link directly after the characters of these languages.
  text: new RegExp(
    breaks.text.source.replace(
      String.raw`[^\s*_~(]`,
      String.raw`[^\s*_~(\u2e80-\u9fff\uac00-\ud7af\uff01-\uff65]`,
    ),
    breaks.text.flags,
  ),
  emStrongLDelim: new RegExp(
    String.raw`^(?:\*+(?:((?!\*)${PUNCTUATION})|([^\s*]))?)|^_+(?:((?!_)(?!~)[\p{P}\p{S}])|([^\s_]))?`,
    "u",
  ),
  emStrongRDelimAst: new RegExp(
    `${AROUND_ASTERISK}|${closers(String.raw`\*`, String.raw`\*+`)}`,
    "gu",
  ),
  delLDelim: new RegExp(`^~~(?:((?!~)${PUNCTUATION})|[^\\s~])`, "u"),
  delRDelim: new RegExp(closers("~", "~~?"), "gu"),
  punctuation: new RegExp(String.raw`^(?![*_])[\s\p{P}\p{S}${CJK}]`, "u"),
};
