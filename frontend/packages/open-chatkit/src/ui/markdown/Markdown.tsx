import { useRef } from "preact/hooks";
import { BlockView } from "./BlockView";
import { type Block, type BlockParser, createBlockParser } from "./blocks";
import { memo } from "./memo";

export type MarkdownProps = {
  text: string;
  /** True while text is added: incomplete syntax is shown as if complete. @default false */
  streaming?: boolean;
  class?: string;
};

const MemoBlock = memo(
  ({ block }: { block: Block }) => <BlockView token={block.token} open={block.open} />,
  (before, after) => before.block.raw === after.block.raw && before.block.open === after.block.open,
);

/** Renders markdown. When text is appended, only the last block is rendered again. */
export function Markdown({ text, streaming = false, class: className }: MarkdownProps) {
  const parser = useRef<BlockParser | null>(null);
  parser.current ??= createBlockParser();
  const blocks = parser.current.parse(text, !streaming);
  return (
    <div class={`markdown ${className ?? ""}`} dir="auto">
      {blocks.map((block) => (
        <MemoBlock key={block.key} block={block} />
      ))}
    </div>
  );
}
