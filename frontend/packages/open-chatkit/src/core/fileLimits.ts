/** Which files the composer takes. */

import type { ComposerOption } from "@openai/chatkit";
import type { FileRefusal } from "./types";

type Limits = NonNullable<ComposerOption["attachments"]>;

const DEFAULT_MAX_BYTES = 100 * 1024 * 1024;
const DEFAULT_MAX_COUNT = 10;

/** Sorts files into those that may be added to `count` others, and the refused. */
export function sortFiles(
  files: readonly File[],
  limits: Limits | undefined,
  count: number,
): { taken: File[]; refused: FileRefusal[] } {
  const taken: File[] = [];
  const refused: FileRefusal[] = [];
  for (const file of files) {
    const refusal = refuse(file, limits, count + taken.length);
    if (refusal === null) taken.push(file);
    else refused.push({ file, ...refusal });
  }
  return { taken, refused };
}

function refuse(
  file: File,
  limits: Limits | undefined,
  count: number,
): Omit<FileRefusal, "file"> | null {
  if (limits?.enabled !== true) return { reason: "disabled", limit: null };
  if (!isAccepted(file, limits.accept)) return { reason: "not-accepted", limit: null };
  const maxBytes = maxBytesFor(file.type, limits.maxSize);
  if (file.size > maxBytes) return { reason: "too-large", limit: maxBytes };
  const maxCount = limits.maxCount ?? DEFAULT_MAX_COUNT;
  if (count >= maxCount) return { reason: "too-many", limit: maxCount };
  return null;
}

/** The most specific entry of a record wins: the type, then `image/*`, then `*` or an empty key. */
function maxBytesFor(type: string, maxSize: Limits["maxSize"]): number {
  if (typeof maxSize === "number") return maxSize;
  const major = `${type.split("/")[0]}/*`;
  const limit = [type, major, "*/*", "*", ""].map((key) => maxSize?.[key]);
  return limit.find((value) => value !== undefined) ?? DEFAULT_MAX_BYTES;
}

/** By type or by extension: browsers know the type of few files. */
function isAccepted(file: File, accept: Limits["accept"]): boolean {
  if (accept === undefined) return true;
  const name = file.name.toLowerCase();
  return Object.entries(accept).some(
    ([type, extensions]) =>
      matches(file.type, type) || extensions.some((end) => name.endsWith(end.toLowerCase())),
  );
}

function matches(type: string, pattern: string): boolean {
  if (pattern === "*/*" || pattern === "*") return true;
  if (pattern.endsWith("/*")) return type.startsWith(pattern.slice(0, -1));
  return type === pattern;
}
