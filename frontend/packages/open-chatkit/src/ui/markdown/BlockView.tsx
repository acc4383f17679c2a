import type { Token, Tokens } from "marked";
import { h } from "preact";
import { CodeBlock } from "./CodeBlock";
import { Inline } from "./inline";
import { memo } from "./memo";
import { decodeEntities, withoutMarks } from "./text";

function isToken<T extends Token>(token: Token, type: T["type"]): token is T {
  return token.type === type;
}

function Blocks({ tokens, open }: { tokens: readonly Token[]; open: boolean }) {
  // A task's box is drawn by its item.
  const content = tokens.filter(({ type }) => type !== "space" && type !== "checkbox");
  return (
    <>
      {content.map((token, index) => (
        // Blocks are only appended, so their position identifies them.
        <BlockView key={index} token={token} open={open && index === content.length - 1} />
      ))}
    </>
  );
}

type ListItemProps = { item: Tokens.ListItem; open: boolean };

/** While a list grows, the parser keeps the identity of its settled items. */
const ListItem = memo(
  ({ item, open }: ListItemProps) => (
    <li class={item.task ? "md-task" : undefined}>
      {item.task && (
        <input
          type="checkbox"
          checked={Boolean(item.checked)}
          disabled
          aria-label={withoutMarks(item.text)}
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
  const cell = (tag: "th" | "td", content: Tokens.TableCell, index: number) =>
    h(
      tag,
      { key: index, class: content.align ? `align-${content.align}` : undefined },
      <Inline tokens={content.tokens} />,
    );
  return (
    // Wide tables scroll in a box, which must be reachable by keyboard.
    <section
      class="md-table"
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

/** One block of markdown. Headings start at level 3, below those of the page. */
export function BlockView({ token, open }: { token: Token; open: boolean }) {
  if (isToken<Tokens.Code>(token, "code")) {
    return <CodeBlock code={withoutMarks(token.text)} language={token.lang ?? ""} open={open} />;
  }
  if (isToken<Tokens.Heading>(token, "heading")) {
    const level = Math.min(token.depth + 2, 6);
    return h(`h${level}`, { class: `md-h${token.depth}` }, <Inline tokens={token.tokens} />);
  }
  if (isToken<Tokens.List>(token, "list")) return <List token={token} open={open} />;
  if (isToken<Tokens.Table>(token, "table")) return <Table token={token} />;
  if (isToken<Tokens.Blockquote>(token, "blockquote")) {
    return (
      <blockquote>
        <Blocks tokens={token.tokens} open={open} />
      </blockquote>
    );
  }
  if (isToken<Tokens.Hr>(token, "hr")) return <hr />;
  if (isToken<Tokens.Paragraph>(token, "paragraph")) {
    return (
      <p>
        <Inline tokens={token.tokens} />
      </p>
    );
  }
  if (isToken<Tokens.Text>(token, "text")) return <Inline tokens={token.tokens ?? [token]} />;
  // Raw HTML and all other tokens are shown as source.
  return <p class="md-raw">{decodeEntities(withoutMarks(token.raw)).trim()}</p>;
}
