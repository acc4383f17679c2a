/** Groups threads by their creation time. */

import type { ThreadMetadata } from "../../core/types";
import type { MessageKey } from "../../locale";

export type ThreadGroup = { name: MessageKey; threads: readonly ThreadMetadata[] };

const DAY = 86_400_000;

/** Returns a thread's creation time; a time without a zone is in UTC. */
export function createdAt(thread: ThreadMetadata): number {
  const text = thread.created_at;
  const hasZone = /(?:z|[+-]\d\d:?\d\d)$/iu.test(text);
  return Date.parse(hasZone ? text : `${text}Z`);
}

function groupName(time: number, midnight: number): MessageKey {
  if (time >= midnight) return "today";
  if (time >= midnight - DAY) return "yesterday";
  return time >= midnight - 7 * DAY ? "lastWeek" : "older";
}

/** Groups threads; threads keep their order, and groups have the order of their first threads. */
export function groupThreads(
  threads: readonly ThreadMetadata[],
  now: Date,
): readonly ThreadGroup[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const groups: { name: MessageKey; threads: ThreadMetadata[] }[] = [];
  for (const thread of threads) {
    const name = groupName(createdAt(thread), midnight);
    const group = groups.find((other) => other.name === name);
    if (group) group.threads.push(thread);
    else groups.push({ name, threads: [thread] });
  }
  return groups;
}
