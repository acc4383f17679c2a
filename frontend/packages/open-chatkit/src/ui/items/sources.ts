/** Numbers the sources of a message: one number per source, however often it is cited. */

import type { AssistantMessageContent, Source } from "../../core/types";

export type NumberedSource = { number: number; source: Source };
export type Mark = { index: number; number: number };

function identity(source: Source): string {
  if (source.type === "url") return `url ${source.url}`;
  if (source.type === "file") return `file ${source.filename}`;
  return `entity ${source.id}`;
}

/** Numbers a message's sources in the order of their citations, across all parts. */
export function numberSources(content: readonly AssistantMessageContent[]): {
  sources: readonly NumberedSource[];
  /** The positions of the numbers in the text, by part. */
  marks: readonly (readonly Mark[])[];
} {
  const numbers = new Map<string, NumberedSource>();
  const marks = content.map((part) =>
    part.annotations.flatMap(({ source, index }) => {
      const known = numbers.get(identity(source)) ?? { number: numbers.size + 1, source };
      numbers.set(identity(source), known);
      return index === null || index === undefined ? [] : [{ index, number: known.number }];
    }),
  );
  return { sources: [...numbers.values()], marks };
}

/** Returns a source's title in one line. */
export function sourceTitle(source: Source): string {
  if (source.type === "file") return source.title || source.filename;
  if (source.type === "entity")
    return source.title || source.inline_label || source.label || source.id;
  return source.title || hostOf(source.url);
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host.replace(/^www\./u, "");
  } catch {
    return url;
  }
}
