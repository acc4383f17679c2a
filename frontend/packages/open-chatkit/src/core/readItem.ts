/**
 * Reads items and their parts, and validates them.
 *
 * A part that lacks a required field is null, and dropped from lists. Optional fields of the wrong
 * type get their defaults, so views can rely on the types. Nothing here throws.
 */

import type {
  Annotation,
  AssistantMessageContent,
  Attachment,
  GeneratedImage,
  JsonObject,
  Source,
  StructuredInput,
  Task,
  ThreadItem,
  UserMessageContent,
  WidgetNode,
  Workflow,
} from "./types";

/** Deeper nodes of a widget are truncated: browsers and the call stack have limits. */
const MAX_WIDGET_DEPTH = 50;

type Known = Exclude<ThreadItem["type"], "unknown">;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Returns text or an ID as a string; numbers are converted, everything else is empty. */
export function textOf(value: unknown): string {
  return typeof value === "number" ? String(value) : (textOrNull(value) ?? "");
}

export function numberOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Returns a valid list index; otherwise null. */
export function indexOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

function listOf<T>(raw: unknown, read: (value: unknown) => T | null): T[] {
  return Array.isArray(raw) ? raw.map(read).filter((value) => value !== null) : [];
}

/** Reads a list that may be empty or absent; null if none of its entries can be read. */
function readableListOf<T>(raw: unknown, read: (value: unknown) => T | null): T[] | null {
  if (raw === undefined || raw === null) return [];
  const found = listOf(raw, read);
  return Array.isArray(raw) && (raw.length === 0 || found.length > 0) ? found : null;
}

/** Reads the fields that are present. */
function readPresent(
  raw: JsonObject,
  readers: Record<string, (value: unknown) => unknown>,
): JsonObject {
  const names = Object.keys(readers).filter((name) => name in raw);
  return Object.fromEntries(names.map((name) => [name, readers[name]?.(raw[name])]));
}

const isTrue = (value: unknown): boolean => value === true;
const texts = (value: unknown): string[] => listOf(value, textOrNull);
const sources = (value: unknown): Source[] => listOf(value, readSource);

function oneOf<T extends string>(value: unknown, known: readonly [T, ...T[]]): T {
  return known.find((each) => each === value) ?? known[0];
}

/** Reads the fields of each known type; null if the item can't be displayed. */
const MEMBERS: Record<Known, (raw: JsonObject) => JsonObject | null> = {
  user_message(raw) {
    const content = readableListOf(raw.content, readUserContent);
    return (
      content && {
        content,
        attachments: listOf(raw.attachments, readAttachment),
        inference_options: objectOf(raw.inference_options),
        ...readPresent(raw, { quoted_text: textOrNull }),
      }
    );
  },
  assistant_message(raw) {
    const content = readableListOf(raw.content, readContent);
    return content && { content };
  },
  client_tool_call(raw) {
    if (textOrNull(raw.name) === null) return null;
    const status = oneOf(raw.status, ["pending", "completed"]);
    return { status, arguments: objectOf(raw.arguments) };
  },
  widget(raw) {
    const widget = readWidget(raw.widget);
    return widget && { widget, ...readPresent(raw, { copy_text: textOrNull }) };
  },
  generated_image: (raw) => readPresent(raw, { image: readImage, progress: numberOrNull }),
  structured_input(raw) {
    const inputs = readableListOf(raw.inputs, readInput);
    return inputs && { inputs, status: oneOf(raw.status, ["pending", "answered", "skipped"]) };
  },
  task(raw) {
    const task = readTask(raw.task);
    return task.type === "unknown" ? null : { task };
  },
  workflow: (raw) => (isObject(raw.workflow) ? { workflow: readWorkflow(raw.workflow) } : null),
  end_of_turn: () => ({}),
};

/** Reads an item of a known type and keeps its other fields; null if it can't be displayed. */
export function readMembers(type: string, raw: JsonObject): JsonObject | null {
  const read = Object.hasOwn(MEMBERS, type) ? MEMBERS[type as Known] : undefined;
  const members = read?.(raw);
  return members ? { ...raw, ...members } : null;
}

function readUserContent(raw: unknown): UserMessageContent | null {
  if (!isObject(raw) || typeof raw.text !== "string") return null;
  if (raw.type === "input_text") return raw as UserMessageContent;
  if (raw.type !== "input_tag" || typeof raw.id !== "string") return null;
  const members = readPresent(raw, { data: objectOf, group: textOrNull, interactive: isTrue });
  return { ...raw, ...members } as UserMessageContent;
}

function readAttachment(raw: unknown): Attachment | null {
  if (!isObject(raw) || typeof raw.id !== "string") return null;
  return { ...raw, name: textOf(raw.name) } as Attachment;
}

/** Reads a part of an assistant's message. */
export function readContent(raw: unknown): AssistantMessageContent | null {
  if (!isObject(raw) || typeof raw.text !== "string") return null;
  return {
    ...raw,
    annotations: listOf(raw.annotations, readAnnotation),
  } as AssistantMessageContent;
}

export function readAnnotation(raw: unknown): Annotation | null {
  if (!isObject(raw)) return null;
  const source = readSource(raw.source);
  return source && ({ ...raw, source, ...readPresent(raw, { index: indexOrNull }) } as Annotation);
}

/** The field that identifies a source. */
const SOURCE_NAMES: Readonly<Record<Source["type"], string>> = {
  url: "url",
  file: "filename",
  entity: "id",
};

const SOURCE_MEMBERS = {
  description: textOrNull,
  timestamp: textOrNull,
  group: textOrNull,
  attribution: textOrNull,
  icon: textOrNull,
  label: textOrNull,
  inline_label: textOrNull,
  interactive: isTrue,
  data: objectOf,
};

function readSource(raw: unknown): Source | null {
  if (!isObject(raw) || !Object.hasOwn(SOURCE_NAMES, textOf(raw.type))) return null;
  if (typeof raw[SOURCE_NAMES[raw.type as Source["type"]]] !== "string") return null;
  return { ...raw, title: textOf(raw.title), ...readPresent(raw, SOURCE_MEMBERS) } as Source;
}

/** Reads a widget's tree, truncated to the maximum depth. Views validate their own nodes. */
export function readWidget(raw: unknown): WidgetNode | null {
  return isObject(raw) && typeof raw.type === "string" ? truncateDepth(raw as WidgetNode, 0) : null;
}

function truncateDepth(node: WidgetNode, depth: number): WidgetNode {
  if (depth === MAX_WIDGET_DEPTH) return { type: "TooDeep" };
  const cut = (child: unknown): unknown =>
    isObject(child) ? truncateDepth(child as WidgetNode, depth + 1) : child;
  const { children } = node as { children?: unknown };
  const kept = Array.isArray(children) ? children.map(cut) : cut(children);
  // Unchanged nodes keep their identity, so that they aren't rendered again.
  const isSame = Array.isArray(children)
    ? children.every((child, index) => child === (kept as unknown[])[index])
    : kept === children;
  return isSame ? node : ({ ...node, children: kept } as WidgetNode);
}

export function readImage(raw: unknown): GeneratedImage | null {
  return isObject(raw) && typeof raw.url === "string" ? (raw as GeneratedImage) : null;
}

function readInput(raw: unknown): StructuredInput | null {
  if (!isObject(raw) || typeof raw.id !== "string" || typeof raw.question !== "string") return null;
  const shared = { ...raw, ...readPresent(raw, { answer: readAnswer }) };
  if (raw.type !== "multiple_choice") {
    const description = readPresent(raw, { description: textOrNull });
    return { ...shared, type: "freeform", ...description } as StructuredInput;
  }
  const options = listOf(raw.options, (option) =>
    isObject(option) && typeof option.value === "string" ? option : null,
  );
  return { ...shared, options, ...readPresent(raw, { multiple: isTrue }) } as StructuredInput;
}

function readAnswer(raw: unknown): JsonObject | null {
  if (!isObject(raw)) return null;
  return { ...raw, values: texts(raw.values), skipped: raw.skipped === true };
}

const TASKS: ReadonlySet<unknown> = new Set<Task["type"]>([
  "custom",
  "web_search",
  "thought",
  "file",
  "image",
]);

const TASK_MEMBERS = {
  title: textOrNull,
  title_query: textOrNull,
  content: textOrNull,
  icon: textOrNull,
  status_indicator: (value: unknown) => oneOf(value, ["none", "loading", "complete"]),
  sources,
  queries: texts,
};

/** Reads a task; an invalid one becomes `unknown` and keeps its position. */
export function readTask(raw: unknown): Task {
  if (!isObject(raw) || !TASKS.has(raw.type)) return { type: "unknown", raw };
  return { ...raw, ...readPresent(raw, TASK_MEMBERS) } as Task;
}

function readWorkflow(raw: JsonObject): Workflow {
  const type = oneOf(raw.type, ["custom", "reasoning"]);
  const tasks = Array.isArray(raw.tasks) ? raw.tasks.map(readTask) : [];
  const members = readPresent(raw, { summary: readSummary, expanded: isTrue });
  return { ...raw, type, tasks, ...members };
}

function readSummary(raw: unknown): JsonObject | null {
  if (!isObject(raw)) return null;
  if (typeof raw.title === "string") return { ...raw, ...readPresent(raw, { icon: textOrNull }) };
  const duration = numberOrNull(raw.duration);
  return duration === null ? null : { duration };
}
