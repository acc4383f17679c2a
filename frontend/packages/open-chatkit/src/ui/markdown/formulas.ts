/** Recognizes TeX in markdown: `$$`, `\[`, `\(`, and `$` where it can't be money. */

export type FormulaToken = {
  type: "formula";
  raw: string;
  tex: string;
  /** True if it is on a line of its own. */
  display: boolean;
};

/** A command, an exponent, an index or an operator between spaces. */
const TEX_SIGN = /\\[a-z]|\^|(?:\b[a-z]|[)}\]])_[\w{\\]|\s[=<>+*/-]\s/iu;

/** Words, not the letters of variables; `\[optional\]` is an escaped bracket. */
const WORDS = /\p{Ll}{3}|\p{Lo}{2}|\p{L}{2}[\s_-]\p{L}{2}/u;

/** Longer text isn't searched for the end of its formula. */
const MAX_CHARS = 5000;

/** Returns whether a text between delimiters, or its beginning, can be TeX. */
export function canBeTex(text: string): boolean {
  return TEX_SIGN.test(text) || !WORDS.test(text.replace(/\\[a-z]*/giu, " "));
}

function isBracketTex(tex: string): boolean {
  if (TEX_SIGN.test(tex)) return true;
  // `\[x\]` and `\[ \]` are escaped boxes; formulas without any sign are set off by spaces.
  return /^\s+(?!x\s+$)\S/iu.test(tex) && /\s$/u.test(tex) && canBeTex(tex);
}

function isDollarTex(tex: string): boolean {
  if (/^\d/u.test(tex)) return /\\[a-z]|\^|_/iu.test(tex) || (tex.includes("=") && canBeTex(tex));
  return /[a-z\\]/iu.test(tex) && canBeTex(tex);
}

/** Returns the text between delimiters at the start of `src`; null if the second is missing. */
function between(src: string, open: string, close: string): string | null {
  if (!src.startsWith(open)) return null;
  const end = src.slice(0, MAX_CHARS).indexOf(close, open.length);
  const tex = end < 0 ? "" : src.slice(open.length, end);
  // A backtick belongs to code around the delimiter.
  return tex.trim() === "" || tex.includes("`") ? null : tex;
}

/** Reads `\begin{align} … \end{align}`, which needs no delimiters. */
function readEnvironment(src: string): string | null {
  const name = /^\\begin\{([a-z]+\*?)\}/u.exec(src)?.[1];
  if (name === undefined) return null;
  const [begin, end] = [`\\begin{${name}}`, `\\end{${name}}`];
  const content = between(src, begin, end);
  return content === null ? null : begin + content + end;
}

/** Reads a formula that has its lines to itself. */
export function readFormulaBlock(src: string): FormulaToken | undefined {
  const indent = /^ {0,3}(?=\$\$|\\\[|\\begin\{)/u.exec(src)?.[0];
  if (indent === undefined) return undefined;
  const rest = src.slice(indent.length);
  const environment = readEnvironment(rest);
  const tex = environment ?? between(rest, "$$", "$$") ?? between(rest, "\\[", "\\]");
  if (tex === null) return undefined;
  const isTex = tex.includes("\n") || (rest.startsWith("$") ? canBeTex(tex) : isBracketTex(tex));
  const length = tex.length + (environment === null ? 4 : 0);
  const after = /^[ \t]*(?:\n|$)/u.exec(rest.slice(length))?.[0];
  if (!isTex || after === undefined) return undefined;
  const raw = src.slice(0, indent.length + length + after.length);
  return { type: "formula", raw, tex, display: true };
}

function inline(raw: string, tex: string, display: boolean): FormulaToken {
  return { type: "formula", raw, tex, display };
}

/**
 * Reads a formula within a line.
 *
 * @param before the character before it.
 */
export function readFormula(src: string, before: string): FormulaToken | undefined {
  const parenthesis = between(src, "\\(", "\\)");
  if (parenthesis !== null) {
    const isTex = !parenthesis.includes("\n\n") && canBeTex(parenthesis);
    return isTex ? inline(`\\(${parenthesis}\\)`, parenthesis, false) : undefined;
  }
  const bracket = between(src, "\\[", "\\]");
  if (bracket !== null) {
    return isBracketTex(bracket) ? inline(`\\[${bracket}\\]`, bracket, true) : undefined;
  }
  const dollars = between(src, "$$", "$$");
  if (dollars !== null) {
    return isDollarTex(dollars) ? inline(`$$${dollars}$$`, dollars, false) : undefined;
  }
  const dollar = /^\$(?![\s$])((?:\\[^\n]|[^$\\\n`])+)(?<!\s)\$(?![\w$])/u.exec(src);
  if (dollar?.[1] === undefined || /[\w$\\]/u.test(before)) return undefined;
  return isDollarTex(dollar[1]) ? inline(dollar[0], dollar[1], false) : undefined;
}

/** Returns the next position where a formula may start; -1 if there is none. */
export function formulaStart(src: string): number {
  return src.search(/\$|\\[([]/u);
}

/** Replaces formulas by letters, so that their signs aren't taken for emphasis. */
export function maskFormulas(src: string): string {
  let masked = src;
  for (let at = formulaStart(src); at >= 0; ) {
    const formula = readFormula(src.slice(at), src.charAt(at - 1));
    const length = formula?.raw.length ?? 1;
    if (formula) masked = masked.slice(0, at) + "a".repeat(length) + masked.slice(at + length);
    const next = formulaStart(src.slice(at + length));
    at = next < 0 ? -1 : at + length + next;
  }
  return masked;
}
