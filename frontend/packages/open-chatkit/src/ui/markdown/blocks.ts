/** Incremental markdown parser: complete blocks are parsed once, only the last block repeatedly. */

import { heal, withoutTableHead } from "./heal";
import { type Links, type Token, type Tokens, tokenize } from "./lexer";

export type Block = {
  /** Stable while text is appended. */
  key: number;
  /** The source. Blocks with the same source and links render the same. */
  raw: string;
  /** The definitions that the block's links may use, as text. */
  links: string;
  token: Token;
  /** True while more text may change it. */
  open: boolean;
};

export type BlockParser = {
  /** @param done - true if the text is complete. */
  parse(text: string, done: boolean): readonly Block[];
};

/** Deeper quotes, lists and emphasis are shown as source, to avoid a stack overflow. */
const MAX_DEPTH = 30;

/** A token that is shown as source. */
const asSource = (raw: string): Token => ({ type: "raw", raw });

function isShallow(token: Token, depth = 0): boolean {
  if (depth > MAX_DEPTH) return false;
  const { tokens = [], items = [] } = token as { tokens?: Token[]; items?: Token[] };
  return [...tokens, ...items].every((inner) => isShallow(inner, depth + 1));
}

/** Tokens, and the definitions that their links refer to. */
type Lexed = { tokens: Token[]; links: Links };

function lex(text: string, links: Links): Lexed {
  try {
    const result = tokenize(text, links);
    const tokens = result.tokens.map((token) => (isShallow(token) ? token : asSource(token.raw)));
    return { tokens, links: result.links };
  } catch (error) {
    // The lexer's recursion overflows the stack on very deep text.
    if (!(error instanceof RangeError)) throw error;
    return { tokens: [asSource(text)], links };
  }
}

const ITEM_NUMBER = /^\d{1,9}$/u;

/** Text added to a list can change its last two items, but not those before. */
const UNSETTLED_ITEMS = 2;

/** Creates a lexer for growing text, which parses the settled items of a list at its start once. */
function createGrowingLexer(): (text: string, links: Links) => Lexed {
  let settled: Tokens.List | null = null;

  /** Returns true if a text has definitions, which may still change, and with them all links. */
  const defines = (lexed: Lexed, links: Links) =>
    Object.keys(lexed.links).length > Object.keys(links).length;

  function continueList(text: string, links: Links): Lexed | null {
    if (settled === null || !text.startsWith(settled.raw)) return null;
    const rest = lex(text.slice(settled.raw.length), links);
    const [list, ...following] = rest.tokens as [Tokens.List?, ...Token[]];
    const isContinued =
      list?.type === "list" && list.ordered === settled.ordered && list.loose === settled.loose;
    if (!isContinued || defines(rest, links)) return null;
    const items = [...settled.items, ...list.items];
    const tokens = [{ ...settled, raw: settled.raw + list.raw, items }, ...following];
    return { tokens, links: rest.links };
  }

  return (text, links) => {
    const lexed = continueList(text, links) ?? lex(text, links);
    const [first] = lexed.tokens;
    const list = first?.type === "list" && !defines(lexed, links) ? (first as Tokens.List) : null;
    const items = list?.items.slice(0, -UNSETTLED_ITEMS) ?? [];
    const raw = items.map((item) => item.raw).join("");
    settled = list !== null && items.length > 0 ? { ...list, raw, items } : null;
    return lexed;
  };
}

function isContent(token: Token): boolean {
  return token.type !== "space" && token.type !== "def";
}

/** Returns the links that a block may use, as text; nothing if it has no brackets. */
function linksOf(raw: string, links: Links): string {
  return raw.includes("[") ? JSON.stringify(links) : "";
}

/**
 * Creates a parser for one growing text. Incomplete emphasis, code and links at its end are shown as
 * if complete, so that no stray asterisks appear. A complete text is parsed as a whole, so that it
 * looks the same however it arrived: a link's definition may be below it.
 */
export function createBlockParser(): BlockParser {
  const lexRest = createGrowingLexer();
  const lexHealed = createGrowingLexer();
  let closed: Block[] = [];
  /** The source of `closed`. */
  let prefix = "";
  /** The definitions in it. */
  let links: Links = {};
  let last: { text: string; done: boolean; blocks: readonly Block[] } | null = null;

  /** Adds a closed block; an unchanged one keeps its identity. */
  function close(token: Token, known: Links): void {
    const key = closed.length;
    const block = { key, raw: token.raw, links: linksOf(token.raw, known), token, open: false };
    const before = last?.blocks[key];
    const isSame =
      before && !before.open && before.raw === block.raw && before.links === block.links;
    closed.push(isSame ? before : block);
  }

  function reset(): void {
    closed = [];
    prefix = "";
    links = {};
  }

  function parseWhole(text: string): readonly Block[] {
    reset();
    const all = lex(text, {});
    for (const token of all.tokens) if (isContent(token)) close(token, all.links);
    return closed;
  }

  function parseGrowing(text: string): readonly Block[] {
    if (!text.startsWith(prefix)) reset();
    const rest = withoutTableHead(text.slice(prefix.length));
    const lexed = lexRest(rest, links);
    const { tokens } = lexed;
    let tail = tokens.findLastIndex(isContent);
    if (ITEM_NUMBER.test(tokens[tail]?.raw ?? "")) {
      const list = tokens.slice(0, tail).findLastIndex(isContent);
      // The number may become that of the next item: hide it, and don't close the list.
      if (tokens[list]?.type === "list") tail = list;
    }
    const before = prefix.length;
    for (const token of tokens.slice(0, Math.max(tail, 0))) {
      prefix += token.raw;
      if (token.type === "def") links[token.tag] ??= { href: token.href, title: token.title };
      if (isContent(token)) close(token, lexed.links);
    }
    const token = tokens[tail];
    if (!token) return closed;
    // A list's `raw` may differ from the text in spaces at the end of lines.
    const source = rest.slice(prefix.length - before);
    const healed =
      token.type === "code" ? { tokens: [token], links } : lexHealed(heal(source), links);
    const open = healed.tokens.filter(isContent).map((part, index) => ({
      key: closed.length + index,
      raw: part.raw,
      links: linksOf(part.raw, healed.links),
      token: part,
      open: true,
    }));
    return [...closed, ...open];
  }

  return {
    parse(text, done) {
      if (last && last.text === text && last.done === done) return last.blocks;
      const blocks = done ? parseWhole(text) : parseGrowing(text);
      last = { text, done, blocks };
      return blocks;
    },
  };
}
