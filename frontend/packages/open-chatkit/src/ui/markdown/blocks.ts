/** Incremental markdown parser: complete blocks are parsed once, only the last block repeatedly. */

import { Marked, type Token, type Tokens } from "marked";
import remend from "remend";

const marked = new Marked({ gfm: true, breaks: false });

export type Block = {
  /** Stable while text is appended. */
  key: number;
  /** The source; blocks with the same source render the same. */
  raw: string;
  token: Token;
  /** True while more text may change it. */
  open: boolean;
};

export type BlockParser = {
  /** @param done - true if the text is complete. */
  parse(text: string, done: boolean): readonly Block[];
};

/** A label ends at either kind of bracket; otherwise each "[" would scan the text to its end. */
const DEFINITION = /^ {0,3}\[[^[\]]+\]:/mu;

/** Deeper quotes, lists and emphasis are shown as source, to avoid a stack overflow. */
const MAX_DEPTH = 30;

/** A token that is shown as source. */
const asSource = (raw: string): Token => ({ type: "raw", raw });

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
    // The lexer's recursion overflows the stack on very deep text.
    if (!(error instanceof RangeError)) throw error;
    return [asSource(text)];
  }
  return tokens.map((token) => (isShallow(token) ? token : asSource(token.raw)));
}

const ITEM_NUMBER = /^\d{1,9}$/u;

/** Text added to a list can change its last two items, but not those before. */
const UNSETTLED_ITEMS = 2;

/** Creates a lexer for growing text, which parses the settled items of a list at its start once. */
function createGrowingLexer(): (text: string) => Token[] {
  let settled: Tokens.List | null = null;

  function continueList(text: string): Token[] | null {
    if (settled === null || !text.startsWith(settled.raw)) return null;
    const [list, ...following] = lex(text.slice(settled.raw.length)) as [Tokens.List?, ...Token[]];
    const isContinued =
      list?.type === "list" && list.ordered === settled.ordered && list.loose === settled.loose;
    if (!isContinued) return null;
    const items = [...settled.items, ...list.items];
    return [{ ...settled, raw: settled.raw + list.raw, items }, ...following];
  }

  return (text) => {
    const tokens = continueList(text) ?? lex(text);
    const list = tokens[0]?.type === "list" ? (tokens[0] as Tokens.List) : null;
    const items = list?.items.slice(0, -UNSETTLED_ITEMS) ?? [];
    const raw = items.map((item) => item.raw).join("");
    settled = list !== null && items.length > 0 ? { ...list, raw, items } : null;
    return tokens;
  };
}

/** Returns whether a paragraph is a table's head whose separator row is still missing. */
function isTableHead(raw: string): boolean {
  return /^ {0,3}\|[^\n]*(?:\n[-:|\s]*)?$/u.test(raw);
}

function isContent(token: Token): boolean {
  return token.type !== "space" && token.type !== "def";
}

/**
 * Creates a parser for one growing text. Incomplete emphasis, code and links at its end are shown as
 * if complete, so that no stray asterisks appear.
 */
export function createBlockParser(): BlockParser {
  const lexRest = createGrowingLexer();
  const lexHealed = createGrowingLexer();
  let closed: Block[] = [];
  /** The source of `closed`. */
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
      // Reference links may be defined below their use, so parse the whole text again.
      if (done && DEFINITION.test(text)) reset();
      const rest = text.slice(prefix.length);
      const tokens = done ? lex(rest) : lexRest(rest);
      let tail = tokens.findLastIndex(isContent);
      if (!done && ITEM_NUMBER.test(tokens[tail]?.raw ?? "")) {
        const before = tokens.slice(0, tail).findLastIndex(isContent);
        // The number may become that of the next item: hide it, and don't close the list.
        if (tokens[before]?.type === "list") tail = before;
      }

      const open: Block[] = [];
      tokens.forEach((token, index) => {
        const isTail = !done && index >= tail;
        if (!isTail) prefix += token.raw;
        if (!isContent(token) || index > tail) return;
        const key = closed.length + open.length;
        if (!isTail) {
          const before = last?.blocks[key];
          // Keep the identity of an unchanged block.
          closed.push(
            before && !before.open && before.raw === token.raw
              ? before
              : { key, raw: token.raw, token, open: false },
          );
          return;
        }
        if (token.type === "paragraph" && isTableHead(token.raw)) return;
        const healed =
          token.type === "code" ? [token] : lexHealed(remend(token.raw)).filter(isContent);
        for (const part of healed) {
          open.push({ key: closed.length + open.length, raw: part.raw, token: part, open: true });
        }
      });
      last = { text, done, blocks: [...closed, ...open] };
      return last.blocks;
    },
  };
}
