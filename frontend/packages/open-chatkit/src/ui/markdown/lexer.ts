/** The markdown dialect of answers: GitHub's, with the notations that models write. */

import { Lexer, Marked, type Token, Tokenizer, type TokenizerExtension, type Tokens } from "marked";
import { isWithinCodeBlock } from "remend";
import { formulaStart, maskFormulas, readFormula, readFormulaBlock } from "./formulas";
import { blockRules, inlineRules } from "./rules";

export type Links = Record<string, { href: string; title?: string | null | undefined }>;

/** `[^1]` */
export type NoteMarkToken = { type: "noteMark"; raw: string; label: string };
/** `[^1]: text` */
export type NoteToken = { type: "note"; raw: string; label: string; tokens: Token[] };
/** `<details>` */
export type DetailsToken = {
  type: "details";
  raw: string;
  summary: Token[];
  tokens: Token[];
  isOpen: boolean;
};
/** `<!-- text -->` */
export type CommentToken = { type: "comment"; raw: string };

/** Punctuation of Chinese, Japanese and Korean, which ends a link. */
const LINK_END =
  /[\u3001-\u3003\u3008-\u3011\u3014-\u301f\u2018\u2019\u201c\u201d\u2026\uff01\uff08\uff09\uff0c\uff1a-\uff1b\uff1f\uff3b\uff3d\uff5b-\uff65]/u;

/** A host that is directly followed by a word in letters that the parser doesn't support in hosts. */
const HOST_BEFORE_TEXT = /^(?:https?:\/\/|www\.)[a-z\d.:-]+(?=[^\0-\x7f])/iu;

/** Names such as `__init__`; models write strong text with asterisks. */
const DUNDER =
  /^__(?:init|main|name|str|repr|call|dict|file|doc|all|len|iter|next|new|del|eq|hash|enter|exit|[gs]etitem|getattr|class|slots|future|version|dirname|filename|typename)__(?!\w)/u;

const NOTE = /^ {0,3}\[\^([^\]\s]{1,99})\]:[ \t]*([^\n]*(?:\n+ {2,}[^\n]+)*)(?:\n+|$)/u;

const DETAILS_TAG = /<details\b[^<>]*>|<\/details\s*>/giu;

/** It may still be incomplete. */
const SUMMARY = /^\s*<summary[^>]*>([\s\S]*?)(?:<\/summary\s*>|(?=\n[ \t]*\n)|$(?![\s\S]))/iu;

/** Returns the length of the element at the start of `src` and that of its content. */
function measureDetails(src: string): { content: number; whole: number } {
  let depth = 0;
  for (const { 0: tag, index } of src.matchAll(DETAILS_TAG)) {
    if (isWithinCodeBlock(src, index)) continue;
    depth += tag.startsWith("</") ? -1 : 1;
    if (depth === 0) return { content: index, whole: index + tag.length };
  }
  return { content: src.length, whole: src.length };
}

/** Splits the content of an extension's block; in a list, the lexer is in another mode. */
function lexContent(lexer: Lexer, text: string): Token[] {
  const { top } = lexer.state;
  lexer.state.top = true;
  const tokens = lexer.blockTokens(text, []);
  lexer.state.top = top;
  return tokens;
}

const extensions: TokenizerExtension[] = [
  {
    name: "formulaBlock",
    level: "block",
    start: (src) => {
      const at = src.search(/\n {0,3}(?:\$\$|\\\[|\\begin\{)/u);
      return at >= 0 && readFormulaBlock(src.slice(at + 1)) ? at + 1 : undefined;
    },
    tokenizer: readFormulaBlock,
  },
  {
    name: "formula",
    level: "inline",
    start: formulaStart,
    tokenizer: (src, tokens) => readFormula(src, tokens.at(-1)?.raw.at(-1) ?? ""),
  },
  {
    name: "note",
    level: "block",
    start: (src) => {
      const at = src.search(/\n {0,3}\[\^[^\]\s]+\]:/u);
      return at < 0 ? undefined : at + 1;
    },
    tokenizer(src) {
      const [raw, label, text] = NOTE.exec(src) ?? [];
      if (raw === undefined || label === undefined || text === undefined) return undefined;
      const tokens = lexContent(this.lexer, text.replace(/\n {2,4}/gu, "\n"));
      return { type: "note", raw, label, tokens } satisfies NoteToken;
    },
  },
  {
    name: "noteMark",
    level: "inline",
    start: (src) => src.indexOf("[^"),
    tokenizer(src) {
      const [raw, label] = /^\[\^([^\]\s]{1,99})\](?!\()/u.exec(src) ?? [];
      if (raw === undefined || label === undefined) return undefined;
      return { type: "noteMark", raw, label } satisfies NoteMarkToken;
    },
  },
  {
    name: "dunder",
    level: "inline",
    tokenizer(src) {
      const raw = DUNDER.exec(src)?.[0];
      return raw === undefined ? undefined : { type: "text", raw, text: raw };
    },
  },
  {
    name: "details",
    level: "block",
    tokenizer(src) {
      const start = /^ {0,3}<details(\s[^>]*)?>/iu.exec(src);
      if (!start) return undefined;
      const { content, whole } = measureDetails(src);
      const inner = src.slice(start[0].length, content);
      const summary = SUMMARY.exec(inner);
      const text = inner.slice(summary?.[0].length ?? 0).replace(/^\s*\n|^[ \t]+/u, "");
      return {
        type: "details",
        raw: src.slice(0, whole),
        summary: this.lexer.inline(summary?.[1]?.trim() ?? ""),
        tokens: lexContent(this.lexer, text),
        isOpen: /\bopen\b/iu.test(start[1] ?? ""),
      } satisfies DetailsToken;
    },
  },
  {
    name: "comment",
    level: "block",
    tokenizer(src) {
      const raw = /^ {0,3}<!--[\s\S]*?-->[ \t]*\n?/u.exec(src)?.[0];
      return raw === undefined ? undefined : ({ type: "comment", raw } satisfies CommentToken);
    },
  },
];

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions,
  hooks: { emStrongMask: maskFormulas },
  tokenizer: {
    url(src) {
      const host = HOST_BEFORE_TEXT.exec(src)?.[0].length ?? src.length;
      const end = src.slice(0, host).search(LINK_END);
      return Tokenizer.prototype.url.call(this, src.slice(0, end < 0 ? host : end));
    },
  },
});

/**
 * Splits a text into tokens.
 *
 * @param links definitions of links in the text before this.
 */
export function tokenize(text: string, links: Links): { tokens: Token[]; links: Links } {
  const lexer = new Lexer(marked.defaults);
  const { tokenizer } = marked.defaults;
  if (tokenizer) tokenizer.rules = { ...tokenizer.rules, block: blockRules, inline: inlineRules };
  Object.assign(lexer.tokens.links, links);
  const tokens = lexer.lex(text);
  return { tokens: [...tokens], links: lexer.tokens.links as Links };
}

export function isToken<T extends { type: string }>(
  token: { type: string },
  type: T["type"],
): token is T {
  return token.type === type;
}

export type { Token, Tokens };
