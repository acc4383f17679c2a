/** The limits on the composer's files. */

import type { ComposerOption } from "@openai/chatkit";
import type { FileRefusal } from "./types";

type Limits = NonNullable<ComposerOption["attachments"]>;

const DEFAULT_MAX_BYTES = 100 * 1024 * 1024;
const DEFAULT_MAX_COUNT = 10;

/** Splits files into those that may be added to `count` others, and rejected ones. */
export function sortFiles(
  files: readonly File[],
  limits: Limits | undefined,
  count: number,
): { accepted: File[]; rejected: FileRefusal[] } {
  const accepted: File[] = [];
  const rejected: FileRefusal[] = [];
  for (const file of files) {
    const refusal = checkFile(file, limits, count + accepted.length);
    if (refusal === null) accepted.push(file);
    else rejected.push({ file, ...refusal });
  }
  return { accepted, rejected };
}

function checkFile(
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

/** Returns whether a type or extension is accepted; browsers know the type of only a few files. */
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
