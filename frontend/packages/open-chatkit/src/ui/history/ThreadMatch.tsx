import { queryWords } from "../../core/threadSearch";
import type { SnippetPart, ThreadMetadata } from "../../core/types";
import { useT, useUi } from "../context";
import { createdAt } from "./groups";

export type ThreadMatchProps = {
  thread: ThreadMetadata;
  query: string;
  snippet: readonly SnippetPart[];
};

/** Splits a title at the words of a query. */
export function titleParts(title: string, query: string): readonly SnippetPart[] {
  const folded = title.toLocaleLowerCase();
  // A few letters change their length with their case.
  const words = folded.length === title.length ? queryWords(query) : [];
  const parts: SnippetPart[] = [];
  let at = 0;
  while (at < title.length) {
    const hits = words
      .map((word) => ({ start: folded.indexOf(word, at), length: word.length }))
      .filter(({ start }) => start !== -1)
      .sort((one, other) => one.start - other.start || other.length - one.length);
    const { start, length } = hits[0] ?? { start: title.length, length: 0 };
    if (start > at) parts.push({ text: title.slice(at, start), hit: false });
    if (length > 0) parts.push({ text: title.slice(start, start + length), hit: true });
    at = start + length;
  }
  return parts;
}

function Parts({ parts }: { parts: readonly SnippetPart[] }) {
  return <>{parts.map(({ text, hit }, index) => (hit ? <mark key={index}>{text}</mark> : text))}</>;
}

/** A thread that was found: title and message with their hits, and the day it began. */
export function ThreadMatch({ thread, query, snippet }: ThreadMatchProps) {
  const { tag } = useUi().locale.value;
  const t = useT();
  const day = new Date(createdAt(thread));
  const isThisYear = day.getFullYear() === new Date().getFullYear();
  return (
    <span class="thread-match">
      <span class="thread-match-head">
        <span class="thread-title" dir="auto">
          <Parts parts={titleParts(thread.title || t("untitled"), query)} />
        </span>
        {Number.isFinite(day.getTime()) && (
          <time class="thread-day" dateTime={thread.created_at}>
            {day.toLocaleDateString(tag, {
              day: "numeric",
              month: "short",
              ...(isThisYear ? {} : { year: "numeric" }),
            })}
          </time>
        )}
      </span>
      {snippet.length > 0 && (
        <span class="thread-snippet" dir="auto">
          <Parts parts={snippet} />
        </span>
      )}
    </span>
  );
}
