/** Numbers the footnotes of a text in the order in which it refers to them. */

import { createContext } from "preact";
import type { Block } from "./blocks";
import { isToken, type NoteMarkToken, type NoteToken } from "./lexer";

export type Footnote = {
  number: number;
  note: NoteToken;
  /** False if the text doesn't refer to it. */
  isUsed: boolean;
};

export type FootnoteMap = ReadonlyMap<string, Footnote>;

/** The footnotes of a text by their label; more may follow while it is open. */
export const FootnotesContext = createContext<{ notes: FootnoteMap; open: boolean }>({
  notes: new Map(),
  open: false,
});

type Found = { marks: readonly string[]; notes: readonly NoteToken[] };

const NOTHING: Found = { marks: [], notes: [] };
const found = new WeakMap<object, Found>();

function visit(value: unknown, marks: string[], notes: NoteToken[]): void {
  if (Array.isArray(value)) {
    for (const entry of value) visit(entry, marks, notes);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  // A table's cells are tokens without a type.
  const token = { type: "", ...value };
  if (isToken<NoteMarkToken>(token, "noteMark")) marks.push(token.label);
  if (isToken<NoteToken>(token, "note")) notes.push(value as NoteToken);
  const { tokens, items, header, rows, summary } = token as Record<string, unknown>;
  for (const inner of [summary, tokens, items, header, rows]) visit(inner, marks, notes);
}

function search(block: Block): Found {
  if (!block.raw.includes("[^")) return NOTHING;
  const known = found.get(block.token);
  if (known) return known;
  const marks: string[] = [];
  const notes: NoteToken[] = [];
  visit(block.token, marks, notes);
  const result = { marks, notes };
  found.set(block.token, result);
  return result;
}

/** Returns the footnotes of a text; those without a reference are last. */
export function numberFootnotes(blocks: readonly Block[]): FootnoteMap {
  const all = blocks.map(search);
  const notes = new Map<string, NoteToken>();
  for (const note of all.flatMap((one) => one.notes)) {
    if (!notes.has(note.label)) notes.set(note.label, note);
  }
  const used = new Set(all.flatMap((one) => one.marks));
  const labels = new Set([...used, ...notes.keys()]);
  const numbered = new Map<string, Footnote>();
  for (const label of labels) {
    const note = notes.get(label);
    if (note) numbered.set(label, { number: numbered.size + 1, note, isUsed: used.has(label) });
  }
  return numbered;
}
