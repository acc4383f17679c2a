import type { ClientToolCallItem } from "../../core/types";

/** The page's labels by tool name; null hides a tool. */
export type ToolLabels = Readonly<Record<string, string | null>>;

/** The text of a tool call: the page's label, or the tool's name for a sentence of our own. */
export type ToolText = { label: string } | { name: string };

/**
 * Returns the text of a tool call; null if nothing is shown: the page hides the tool, its name starts
 * with `_`, or its handler returned nothing.
 */
export function toolText(item: ClientToolCallItem, labels: ToolLabels = {}): ToolText | null {
  const label = Object.hasOwn(labels, item.name) ? labels[item.name] : undefined;
  if (label !== undefined) return label === null || label === "" ? null : { label };
  const isSilent = item.status === "completed" && (item.output ?? null) === null;
  return isSilent || item.name.startsWith("_") ? null : { name: readable(item.name) };
}

/** Converts `open_task` to "open task". */
function readable(name: string): string {
  return name
    .replace(/[_-]+/gu, " ")
    .replace(/([a-z])([A-Z])/gu, "$1 $2")
    .toLowerCase();
}
