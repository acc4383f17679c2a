import { useMemo, useRef } from "preact/hooks";
import { BlockView } from "./BlockView";
import { type Block, type BlockParser, createBlockParser } from "./blocks";
import { Footnotes } from "./Footnotes";
import { type FootnoteMap, FootnotesContext, numberFootnotes } from "./footnoteNumbers";
import { memo } from "./memo";
import { normalizeText } from "./text";

export type MarkdownProps = {
  text: string;
  /** True while text is added: incomplete syntax is shown as if complete. @default false */
  streaming?: boolean;
  class?: string;
};

const MemoBlock = memo(
  ({ block }: { block: Block }) => <BlockView token={block.token} open={block.open} />,
  ({ block: before }, { block: after }) =>
    before.raw === after.raw && before.links === after.links && before.open === after.open,
);

/** Returns the same map for the same notes, so that references are rendered once. */
function useStableMap(notes: FootnoteMap): FootnoteMap {
  const known = useRef(notes);
  const entries = [...notes];
  const isSame =
    known.current.size === entries.length &&
    entries.every(([label, { number, note, isUsed }]) => {
      const before = known.current.get(label);
      return before?.number === number && before.note === note && before.isUsed === isUsed;
    });
  if (!isSame) known.current = notes;
  return known.current;
}

/** Renders markdown. When text is appended, only the last block is rendered again. */
export function Markdown({ text, streaming = false, class: className }: MarkdownProps) {
  const parser = useRef<BlockParser | null>(null);
  parser.current ??= createBlockParser();
  const blocks = parser.current.parse(normalizeText(text, streaming), !streaming);
  const notes = useStableMap(numberFootnotes(blocks));
  const footnotes = useMemo(() => ({ notes, open: streaming }), [notes, streaming]);
  return (
    <div class={`markdown ${className ?? ""}`}>
      <FootnotesContext.Provider value={footnotes}>
        {blocks.map((block) => (
          <MemoBlock key={block.key} block={block} />
        ))}
        {notes.size > 0 && <Footnotes />}
      </FootnotesContext.Provider>
    </div>
  );
}
