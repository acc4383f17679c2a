/** Markdown that grows: finished blocks are parsed once, only the last one again and again. */

import { Marked, type Token } from "marked";
import remend from "remend";

const marked = new Marked({ gfm: true, breaks: false });

export type Block = {
  /** Same for the same block as the text grows. */
  key: number;
  /** Its source; a block with the same source looks the same. */
  raw: string;
  token: Token;
  /** More text may still change it. */
  open: boolean;
};

export type BlockParser = {
  /** @param done - no more text comes. */
  parse(text: string, done: boolean): readonly Block[];
};

/** A label ends at a bracket of either kind: else each "[" of a text would read it to its end. */
const DEFINITION = /^ {0,3}\[[^[\]]+\]:/mu;

/** Deeper quotes, lists and emphasis are shown as they were written: the call stack is finite. */
const MAX_DEPTH = 30;

/** Drawn as it was written. */
const asWritten = (raw: string): Token => ({ type: "raw", raw });

function isShallow(token: Token, depth = 0): boolean {
  if (depth > MAX_DEPTH) return false;
  const { tokens = [], items = [] } = token as { tokens?: Token[]; items?: Token[] };
  return [...tokens, ...items].every((inner) => isShallow(inner, depth + 1));
}

function lex(text: string): Token[] {
  let tokens: Token[];
  try {
    tokens = marked.lexer(text);
  } catch (error) {
    // Of text this deep, the lexer's own recursion has no end in time.
    if (!(error instanceof RangeError)) throw error;
    return [asWritten(text)];
  }
  return tokens.map((token) => (isShallow(token) ? token : asWritten(token.raw)));
}

/** The head of a table whose second line hasn't come yet: pipes, which say nothing to a reader. */
function isTableHead(raw: string): boolean {
  return /^ {0,3}\|[^\n]*(?:\n[-:|\s]*)?$/u.test(raw);
}

function isContent(token: Token): boolean {
  return token.type !== "space" && token.type !== "def";
}

/**
 * Parses one growing text. Unfinished emphasis, code and links at its end are shown as if they were
 * finished, so that no stray asterisks flash by.
 */
export function createBlockParser(): BlockParser {
  let closed: Block[] = [];
  /** What `closed` was made of. */
  let prefix = "";
  let last: { text: string; done: boolean; blocks: readonly Block[] } | null = null;

  function reset(): void {
    closed = [];
    prefix = "";
  }

  return {
    parse(text, done) {
      if (last && last.text === text && last.done === done) return last.blocks;
      if (!text.startsWith(prefix)) reset();
      // Reference links may be defined below their use: only the whole text knows them.
      if (done && DEFINITION.test(text)) reset();
      const rest = text.slice(prefix.length);
      const tokens = lex(rest);
      let tail = tokens.length - 1;
      while (tail >= 0 && !isContent(tokens[tail] as Token)) tail -= 1;

      const open: Block[] = [];
      tokens.forEach((token, index) => {
        const isTail = !done && index >= tail;
        if (!isTail) prefix += token.raw;
        if (!isContent(token)) return;
        const key = closed.length + open.length;
        if (!isTail) {
          const before = last?.blocks[key];
          // Keeps its identity if it is what was shown anyway.
          closed.push(
            before && !before.open && before.raw === token.raw
              ? before
              : { key, raw: token.raw, token, open: false },
          );
          return;
        }
        if (token.type === "paragraph" && isTableHead(token.raw)) return;
        const healed = token.type === "code" ? [token] : lex(remend(token.raw)).filter(isContent);
        for (const part of healed) {
          open.push({ key: closed.length + open.length, raw: part.raw, token: part, open: true });
        }
      });
      last = { text, done, blocks: [...closed, ...open] };
      return last.blocks;
    },
  };
}
