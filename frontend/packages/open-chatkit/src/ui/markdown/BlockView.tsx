import { h } from "preact";
import { CodeBlock } from "./CodeBlock";
import { Formula } from "./Formula";
import type { FormulaToken } from "./formulas";
import { withoutOpenFence } from "./heal";
import { Inline } from "./inline";
import { type DetailsToken, isToken, type Token, type Tokens } from "./lexer";
import { memo } from "./memo";
import { decodeEntities, withoutMarks } from "./text";

export type BlocksProps = {
  tokens: readonly Token[];
  open: boolean;
};

/**
 * The blocks in a list item, a quote or another container. The container takes its direction from the
 * first one, which therefore has none of its own.
 */
export function Blocks({ tokens, open }: BlocksProps) {
  // A task's box is drawn by its item.
  const content = tokens.filter(({ type }) => type !== "space" && type !== "checkbox");
  return (
    <>
      {content.map((token, index) => (
        // Blocks are only appended, so their position identifies them.
        <BlockView
          key={index}
          token={token}
          open={open && index === content.length - 1}
          isFirst={index === 0}
        />
      ))}
    </>
  );
}

/** Returns the first line of a task without the signs of emphasis and code. */
const taskName = (text: string): string =>
  withoutMarks(text.split("\n", 1)[0] ?? "").replace(/[*_`~]/gu, "");

type ListItemProps = { item: Tokens.ListItem; open: boolean };

/** While a list grows, the parser keeps the identity of its settled items. */
const ListItem = memo(
  ({ item, open }: ListItemProps) => (
    <li class={item.task ? "md-task" : undefined} dir="auto">
      {item.task && (
        <input
          type="checkbox"
          checked={Boolean(item.checked)}
          disabled
          aria-label={taskName(item.text)}
        />
      )}
      <Blocks tokens={item.tokens} open={open} />
    </li>
  ),
  (before, after) => before.item === after.item && before.open === after.open,
);

function List({ token, open }: { token: Tokens.List; open: boolean }) {
  const items = token.items.map((item, index) => (
    <ListItem key={index} item={item} open={open && index === token.items.length - 1} />
  ));
  if (!token.ordered) return <ul>{items}</ul>;
  return <ol start={typeof token.start === "number" ? token.start : 1}>{items}</ol>;
}

function Table({ token }: { token: Tokens.Table }) {
  // The table has the direction of its head.
  const cell = (tag: "th" | "td", content: Tokens.TableCell, index: number) =>
    h(
      tag,
      {
        key: index,
        class: content.align ? `align-${content.align}` : undefined,
        dir: tag === "td" ? "auto" : undefined,
      },
      <Inline tokens={content.tokens} />,
    );
  return (
    // Wide tables scroll in a box, which must be reachable by keyboard.
    <section
      class="md-table"
      dir="auto"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
      tabIndex={0}
      aria-label={token.header.map((head) => withoutMarks(head.text)).join(", ")}
    >
      <table>
        <thead>
          <tr>{token.header.map((content, index) => cell("th", content, index))}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>{row.map((content, column) => cell("td", content, column))}</tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Details({ token, open }: { token: DetailsToken; open: boolean }) {
  return (
    <details class="md-details" open={token.isOpen}>
      {/* Without one, browsers show their own. */}
      {token.summary.length > 0 && (
        <summary dir="auto">
          <Inline tokens={token.summary} />
        </summary>
      )}
      <div dir="auto">
        <Blocks tokens={token.tokens} open={open} />
      </div>
    </details>
  );
}

export type BlockViewProps = {
  token: Token;
  open: boolean;
  /** True for the first block in a container. @default false */
  isFirst?: boolean;
};

/** One block of markdown. Headings start at level 3, below those of the page. */
export function BlockView({ token, open, isFirst = false }: BlockViewProps) {
  const dir = isFirst ? undefined : "auto";
  if (isToken<Tokens.Code>(token, "code")) {
    const code = withoutMarks(token.text);
    if (token.lang === "math" && !open) return <Formula raw={code} tex={code} display />;
    return (
      <CodeBlock
        code={open ? withoutOpenFence(code) : code}
        language={token.lang ?? ""}
        open={open}
      />
    );
  }
  if (isToken<Tokens.Heading>(token, "heading")) {
    const level = Math.min(token.depth + 2, 6);
    return h(`h${level}`, { class: `md-h${token.depth}`, dir }, <Inline tokens={token.tokens} />);
  }
  if (isToken<Tokens.List>(token, "list")) return <List token={token} open={open} />;
  if (isToken<Tokens.Table>(token, "table")) return <Table token={token} />;
  if (isToken<Tokens.Blockquote>(token, "blockquote")) {
    return (
      <blockquote dir="auto">
        <Blocks tokens={token.tokens} open={open} />
      </blockquote>
    );
  }
  if (isToken<Tokens.Hr>(token, "hr")) return <hr />;
  if (isToken<Tokens.Paragraph>(token, "paragraph")) {
    return (
      <p dir={dir}>
        <Inline tokens={token.tokens} />
      </p>
    );
  }
  if (isToken<Tokens.Text>(token, "text")) return <Inline tokens={token.tokens ?? [token]} />;
  if (isToken<FormulaToken>(token, "formula")) return <Formula {...token} />;
  if (isToken<DetailsToken>(token, "details")) return <Details token={token} open={open} />;
  // Notes are shown at the end of the text.
  if (token.type === "comment" || token.type === "note") return null;
  // Other HTML is shown as source.
  return (
    <p class="md-raw" dir={dir}>
      {decodeEntities(withoutMarks(token.raw)).trim()}
    </p>
  );
}
