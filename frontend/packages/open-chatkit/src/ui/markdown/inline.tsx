/** Renders inline markdown to nodes, without HTML strings, so nothing needs to be sanitized. */

import { type ComponentChildren, h } from "preact";
import { useContext } from "preact/hooks";
import { imageSource } from "../../images";
import { ImageLink } from "../common/ImageLink";
import { Formula } from "./Formula";
import type { FormulaToken } from "./formulas";
import { isToken, type NoteMarkToken, type Token, type Tokens } from "./lexer";
import { parseDeeplink, safeHref } from "./links";
import { MarkdownContext } from "./MarkdownContext";
import { NoteMark } from "./NoteMark";
import { decodeEntities, splitMarks, withoutMarks } from "./text";

/** Supported raw HTML tags; all others are shown as source. */
const INLINE_TAGS = new Set([
  "b",
  "i",
  "em",
  "strong",
  "s",
  "del",
  "u",
  "mark",
  "sub",
  "sup",
  "kbd",
  "small",
]);

function Text({ text }: { text: string }) {
  const { renderCitation } = useContext(MarkdownContext);
  const parts = splitMarks(decodeEntities(text));
  return (
    <>
      {parts.map((part) =>
        // The word joiner keeps a citation on the line of its text.
        typeof part === "string" ? part : renderCitation ? ["\u2060", renderCitation(part)] : null,
      )}
    </>
  );
}

function Link({
  href,
  title,
  children,
}: {
  href: string;
  title?: string;
  children?: ComponentChildren;
}) {
  const { onDeeplink } = useContext(MarkdownContext);
  const address = decodeEntities(withoutMarks(href));
  const deeplink = onDeeplink ? parseDeeplink(address) : null;
  if (deeplink) {
    return (
      <button type="button" class="link" title={title} onClick={() => onDeeplink?.(deeplink)}>
        {children}
      </button>
    );
  }
  const safe = safeHref(address);
  if (safe === null) return <span title={address}>{children}</span>;
  // A new tab for a telephone number or an e-mail address would stay empty.
  const tab = /^https?:/u.test(safe) ? { target: "_blank", rel: "noopener noreferrer" } : {};
  return (
    <a href={safe} title={title} {...tab}>
      {children}
    </a>
  );
}

/** An image, or a link with its host if it may not be loaded. */
function SafeImage({ src, alt, title }: { src: string; alt: string; title?: string }) {
  const { allowedImageHosts, labels } = useContext(MarkdownContext);
  const source = imageSource(decodeEntities(withoutMarks(src)), allowedImageHosts);
  if (source.kind !== "shown") {
    return <ImageLink source={source} alt={alt} label={labels.imageFrom} />;
  }
  return <img class="md-image" src={source.src} alt={alt} title={title} loading="lazy" />;
}

/** Returns the tag name of `<sub>`; null if the token isn't a plain opening tag. */
function openingTag(raw: string): string | null {
  const name = /^<([a-z]+)\s*>$/iu.exec(raw.trim())?.[1]?.toLowerCase();
  return name && INLINE_TAGS.has(name) ? name : null;
}

function renderToken(token: Token, key: number): ComponentChildren {
  if (isToken<Tokens.Text>(token, "text")) {
    return token.tokens ? (
      <Inline key={key} tokens={token.tokens} />
    ) : (
      // The parser has decoded some entities of `text`.
      <Text key={key} text={token.raw} />
    );
  }
  if (isToken<Tokens.Escape>(token, "escape")) return token.text;
  if (isToken<Tokens.Strong>(token, "strong")) {
    return (
      <strong key={key}>
        <Inline tokens={token.tokens} />
      </strong>
    );
  }
  if (isToken<Tokens.Em>(token, "em")) {
    return (
      <em key={key}>
        <Inline tokens={token.tokens} />
      </em>
    );
  }
  if (isToken<Tokens.Del>(token, "del")) {
    return (
      <del key={key}>
        <Inline tokens={token.tokens} />
      </del>
    );
  }
  if (isToken<Tokens.Codespan>(token, "codespan")) {
    return (
      <code key={key} dir="ltr">
        {withoutMarks(token.text)}
      </code>
    );
  }
  if (isToken<Tokens.Br>(token, "br")) return <br key={key} />;
  if (isToken<Tokens.Link>(token, "link")) {
    const title = token.title ? { title: decodeEntities(token.title) } : {};
    return (
      <Link key={key} href={token.href} {...title}>
        <Inline tokens={token.tokens} />
      </Link>
    );
  }
  if (isToken<Tokens.Image>(token, "image")) {
    const title = token.title ? { title: decodeEntities(token.title) } : {};
    return (
      <SafeImage
        key={key}
        src={token.href}
        alt={decodeEntities(withoutMarks(token.text))}
        {...title}
      />
    );
  }
  if (isToken<FormulaToken>(token, "formula")) return <Formula key={key} {...token} />;
  if (isToken<NoteMarkToken>(token, "noteMark")) return <NoteMark key={key} {...token} />;
  if (isToken<Tokens.Checkbox>(token, "checkbox")) return null;
  if (token.type === "html" && /^<!--[\s\S]*-->$/u.test(token.raw)) return null;
  return /^<br\s*\/?>$/iu.test(token.raw.trim()) ? (
    <br key={key} />
  ) : (
    <Text key={key} text={token.raw} />
  );
}

function closingIndex(tokens: readonly Token[], from: number, name: string): number {
  return tokens.findIndex(
    (token, index) =>
      index > from && token.type === "html" && token.raw.trim().toLowerCase() === `</${name}>`,
  );
}

/** A sequence of inline tokens. */
export function Inline({ tokens }: { tokens: readonly Token[] }) {
  const nodes: ComponentChildren[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (!token) continue;
    const tag = token.type === "html" ? openingTag(token.raw) : null;
    const end = tag ? closingIndex(tokens, at, tag) : -1;
    if (tag && end > 0) {
      nodes.push(h(tag, { key: at }, <Inline tokens={tokens.slice(at + 1, end)} />));
      at = end;
    } else {
      nodes.push(renderToken(token, at));
    }
  }
  return <>{nodes}</>;
}
