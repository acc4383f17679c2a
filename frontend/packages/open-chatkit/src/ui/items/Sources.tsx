import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { EntitySource, Source } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { useT, useUi } from "../context";
import { safeHref } from "../markdown/links";
import { hostOf, type NumberedSource, sourceTitle } from "./sources";
import { TagPreview } from "./TagPreview";

function entityOf(source: EntitySource) {
  const data = Object.entries(source.data ?? {}).map(([key, value]) => [key, String(value)]);
  return {
    id: source.id,
    title: source.title,
    interactive: source.interactive ?? false,
    ...(source.icon ? { icon: source.icon } : {}),
    ...(source.group ? { group: source.group } : {}),
    data: Object.fromEntries(data) as Record<string, string>,
  };
}

/** Returns what a click on a source does: follow a link, call the page, or nothing. */
function useTarget(source: Source): { href: string } | { onClick: () => void } | null {
  const ui = useUi();
  const { onClick } = ui.options.value.entities ?? {};
  if (source.type === "url") {
    const href = safeHref(source.url);
    return href ? { href } : null;
  }
  if (source.type === "entity" && source.interactive && onClick) {
    return { onClick: () => onClick(entityOf(source)) };
  }
  return null;
}

function iconOf(source: Source): string {
  if (source.type === "url") return "globe";
  return source.type === "file" ? "document" : (source.icon ?? "cube");
}

/** Returns what hovering a citation shows: its title, with the label that is meant for that. */
function hoverTitle(source: EntitySource): string {
  return source.label ? `${source.label}: ${sourceTitle(source)}` : sourceTitle(source);
}

/** The number in the text that refers to a source. */
export function Citation({ number, source }: NumberedSource) {
  const t = useT();
  const target = useTarget(source);
  const label = t("source", { number, title: sourceTitle(source) });
  if (source.type === "entity") {
    return (
      <TagPreview entity={entityOf(source)}>
        <Mark label={label} title={hoverTitle(source)} target={target}>
          {source.inline_label ||
            (source.icon ? <Icon name={source.icon} size={12} /> : String(number))}
        </Mark>
      </TagPreview>
    );
  }
  return (
    <Mark label={label} title={sourceTitle(source)} target={target}>
      {String(number)}
    </Mark>
  );
}

type MarkProps = {
  label: string;
  title: string;
  target: ReturnType<typeof useTarget>;
  children: ComponentChildren;
};

function Mark({ label, title, target, children }: MarkProps) {
  if (target && "href" in target) {
    return (
      <a
        class="citation"
        href={target.href}
        target="_blank"
        rel="noopener noreferrer"
        aria-label={label}
        title={title}
      >
        {children}
      </a>
    );
  }
  if (target) {
    return (
      <button
        type="button"
        class="citation"
        aria-label={label}
        title={title}
        onClick={target.onClick}
      >
        {children}
      </button>
    );
  }
  return (
    <sup class="citation" title={label}>
      {children}
    </sup>
  );
}

function SourceBody({ number, source }: NumberedSource) {
  const where =
    source.type === "url"
      ? (source.attribution ?? hostOf(source.url))
      : source.type === "file"
        ? source.filename
        : (source.group ?? null);
  const title = sourceTitle(source);
  return (
    <>
      <Icon name={iconOf(source)} size={16} />
      <span class="source-text">
        <span class="source-title" dir="auto">
          {title}
        </span>
        {where && where !== title && <span class="source-where">{where}</span>}
        {source.timestamp && <span class="source-where">{source.timestamp}</span>}
        {source.description && (
          <span class="source-description" dir="auto">
            {source.description}
          </span>
        )}
      </span>
      {number > 0 && <span class="source-number">{number}</span>}
    </>
  );
}

function SourceRow(props: NumberedSource) {
  const target = useTarget(props.source);
  const body = <SourceBody {...props} />;
  if (target && "href" in target) {
    return (
      <a class="source" href={target.href} target="_blank" rel="noopener noreferrer">
        {body}
      </a>
    );
  }
  if (target) {
    return (
      <button type="button" class="source" onClick={target.onClick}>
        {body}
      </button>
    );
  }
  return <span class="source">{body}</span>;
}

/** A list of sources; the number 0 is hidden. */
export function SourceRows({ sources }: { sources: readonly NumberedSource[] }) {
  return (
    <ul class="source-list">
      {sources.map((entry, index) => (
        <li key={entry.number || `plain ${index}`}>
          <SourceRow {...entry} />
        </li>
      ))}
    </ul>
  );
}

/** A message's sources, initially collapsed. */
export function Sources({ sources }: { sources: readonly NumberedSource[] }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  if (sources.length === 0) return null;
  return (
    <div class="sources" part="sources">
      <button
        type="button"
        class="disclosure pill"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="book-open" size={16} />
        {t("sources")}
        <span class="count">{sources.length}</span>
        <Icon name="chevron-down" size={16} class={`turner ${open ? "open" : ""}`} />
      </button>
      {open && <SourceRows sources={sources} />}
    </div>
  );
}
